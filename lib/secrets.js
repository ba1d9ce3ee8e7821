// Keeps API tokens and keys from processes that do not need them, and out of what they say.

/** The variables in which wrangler, or the environment of a deploy, has them. */
const SECRET_VARIABLES = [
  "CLOUDFLARE_API_TOKEN",
  "CF_API_TOKEN",
  "CLOUDFLARE_API_KEY",
  "CF_API_KEY",
  "CLOUDFLARE_API_USER_SERVICE_KEY",
  "WRANGLER_R2_SQL_AUTH_TOKEN",
  "CLOUDFLARE_ACCESS_CLIENT_SECRET",
];

/** Shorter values are no secrets, and taking them out would garble any text. */
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

/** @param {string | undefined} secret */
function formsOf(secret) {
  if (secret === undefined || secret.length < MIN_SECRET_LENGTH) return [];
  const encoded = Buffer.from(secret).toString("base64").replaceAll("=", "");
  const inUrl = encodeURIComponent(secret);
  return [secret, secret.toUpperCase(), secret.toLowerCase(), encoded, inUrl];
}
