// The Cloudflare account.
//
// In: what was said in options, configuration and variables. Out: its id, or what to set.
// Never: a choice between accounts.

import { listAccounts } from "./cloudflare-api.js";

/** What Cloudflare's ids of accounts and namespaces look like. */
export const ID = /^[0-9a-f]{32}$/iu;

/** How many accounts a message names. */
const MAX_NAMED = 5;

/**
 * @param {object} request
 * @param {string} [request.accountId] the option
 * @param {import("./config.js").WranglerConfig} [request.config]
 * @param {import("./environment.js").Environment} request.environment
 * @param {import("./cloudflare-api.js").Api} request.api
 * @returns {Promise<{ accountId: string, source: string } | { code: string, reason: string }>}
 */
export async function findAccount({ accountId, config, environment, api }) {
  /** @type {[string | undefined, string][]} */
  const said = [
    [accountId, "--account-id"],
    [config?.accountId, `account_id of ${config?.configPath}`],
    [environment.CLOUDFLARE_ACCOUNT_ID, "CLOUDFLARE_ACCOUNT_ID"],
  ];
  for (const [id, source] of said) {
    if (id === undefined || id === "") continue;
    if (ID.test(id)) return { accountId: id, source };
    const reason = `${source} is ${JSON.stringify(id)}, but account ids have 32 hexadecimal digits`;
    return { code: "invalid-account-id", reason };
  }
  const accounts = await listAccounts(api);
  const [only] = accounts;
  if (only !== undefined && accounts.length === 1) {
    return { accountId: only.id, source: "the only account that the token can see" };
  }
  const names = accounts.slice(0, MAX_NAMED).map(({ id, name }) => `${id} (${name})`);
  const all = names.join(", ") + (accounts.length > MAX_NAMED ? ", …" : "");
  const reason =
    accounts.length === 0
      ? "the API token can see no account; set CLOUDFLARE_ACCOUNT_ID"
      : `the API token can see ${accounts.length} accounts; set CLOUDFLARE_ACCOUNT_ID to one of ${all}`;
  return { code: accounts.length === 0 ? "no-account" : "several-accounts", reason };
}
