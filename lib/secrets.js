// Keeps API tokens and keys away from processes that do not need them, and out of their output.

/** Variables with tokens and keys of wrangler or the deploy environment. */
const SECRET_VARIABLES = [
  "CLOUDFLARE_API_TOKEN",
  "CF_API_TOKEN",
  "CLOUDFLARE_API_KEY",
  "CF_API_KEY",
  "CLOUDFLARE_API_USER_SERVICE_KEY",
  "WRANGLER_R2_SQL_AUTH_TOKEN",
  "CLOUDFLARE_ACCESS_CLIENT_SECRET",
];

/** Shorter values are not secrets, and removing them would garble any text. */
const MIN_SECRET_LENGTH = 8;

/**
 * @param {Record<string, string | undefined>} environment
 * @returns {Record<string, string | undefined>}
 */
export function withoutSecrets(environment) {
  // Windows has them in any case.
  const isSecret = (/** @type {string} */ name) => SECRET_VARIABLES.includes(name.toUpperCase());
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name)));
}

/**
 * @param {string} text
 * @param {Record<string, string | undefined>[]} environments where the secrets are known from
 * @returns {string}
 */
export function scrub(text, ...environments) {
  let scrubbed = text;
  for (const environment of environments) {
    for (const name of SECRET_VARIABLES) {
      for (const form of formsOf(environment[name]))
        scrubbed = scrubbed.replaceAll(form, "[token]");
    }
  }
  return scrubbed;
}

/** Names of variables that hold a secret. */
const SECRET_NAME = /secret|token|passw|credential|private|api_?key|access_?key/iu;

/** The login in a URL, anywhere in a text. */
const LOGIN_IN_URL = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'`]*@/giu;

/**
 * Removes secrets that other code may have been given: logins in URLs, and the values of variables that
 * have one or are named as a secret.
 * @param {string} text
 * @param {Record<string, string | undefined>} environment
 * @returns {string}
 */
export function scrubGiven(text, environment) {
  let scrubbed = text;
  for (const [name, value = ""] of Object.entries(environment)) {
    const secrets = SECRET_NAME.test(name) ? [value] : passwordsOf(value);
    for (const form of secrets.flatMap(formsOf)) scrubbed = scrubbed.replaceAll(form, "[secret]");
  }
  return scrubbed.replaceAll(LOGIN_IN_URL, "$1[login]@");
}

/**
 * The password in a URL, as written and decoded.
 * @param {string} value
 * @returns {string[]}
 */
function passwordsOf(value) {
  if (!URL.canParse(value)) return [];
  const { password } = new URL(value);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** @param {string | undefined} secret */
function formsOf(secret) {
  if (secret === undefined || secret.length < MIN_SECRET_LENGTH) return [];
  const encoded = Buffer.from(secret).toString("base64").replaceAll("=", "");
  const inUrl = encodeURIComponent(secret);
  return [secret, secret.toUpperCase(), secret.toLowerCase(), encoded, inUrl];
}
