// Finds the Cloudflare account; never guesses between several.

import { sanitize } from "../sanitized-text.js";
import { listAccounts } from "./cloudflare-api.js";
import { rememberedAccount } from "./remembered-account.js";

/** The format of Cloudflare's account and namespace ids. */
export const ID = /^[0-9a-f]{32}$/iu;

/** How many accounts a message lists. */
const MAX_NAMED = 5;

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string} [request.accountId] the option
 * @param {string} [request.profile] wrangler's auth profile
 * @param {import("./config.js").WorkerConfig} [request.config]
 * @param {import("./environment.js").Environment} request.environment
 * @param {import("./cloudflare-api.js").Api} request.api
 * @returns {Promise<{ accountId: string, source: string } | { code: string, reason: string }>}
 */
export async function findAccount({ root, accountId, profile, config, environment, api }) {
  const inConfig = config?.isTyped ? "accountId" : "account_id";
  /** @type {[string | undefined, string][]} */
  const given = [
    [accountId, "--account-id"],
    [config?.accountId, `${inConfig} of ${config?.configPath}`],
    [environment.CLOUDFLARE_ACCOUNT_ID, "CLOUDFLARE_ACCOUNT_ID"],
  ];
  for (const [id, source] of given) {
    if (id === undefined || id === "") continue;
    if (ID.test(id)) return { accountId: id, source };
    const reason = `${source} is ${JSON.stringify(id)}, but account ids have 32 hexadecimal digits`;
    return { code: "invalid-account-id", reason };
  }
  const remembered = await rememberedAccount({ root, profile, environment, signal: api.signal });
  if (remembered !== undefined && ID.test(remembered)) {
    return { accountId: remembered, source: "the account that wrangler last used here" };
  }
  const accounts = await listAccounts(api);
  const [only] = accounts;
  if (only !== undefined && accounts.length === 1) {
    return { accountId: only.id, source: "the only account that the token can see" };
  }
  const names = accounts
    .slice(0, MAX_NAMED)
    .map(({ id, name }) => (isPrivate(environment) && name ? `${id} (${sanitize(name)})` : id));
  const all = names.join(", ") + (accounts.length > MAX_NAMED ? ", …" : "");
  const reason =
    accounts.length === 0
      ? "the API token can see no account; set CLOUDFLARE_ACCOUNT_ID"
      : `the API token can see ${accounts.length} accounts; set CLOUDFLARE_ACCOUNT_ID to one of ${all}`;
  return { code: accounts.length === 0 ? "no-account" : "several-accounts", reason };
}

/**
 * Whether output goes to a terminal only. Logs may be public, and the name of an
 * account often is an e-mail address.
 * @param {import("./environment.js").Environment} environment
 */
function isPrivate({ CI, GITHUB_STEP_SUMMARY }) {
  return Boolean(process.stderr.isTTY) && !CI && !GITHUB_STEP_SUMMARY;
}
