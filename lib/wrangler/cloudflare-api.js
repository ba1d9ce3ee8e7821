// The read requests to Cloudflare's API that are needed to find a target.

import { abortError } from "../abort.js";
import { apiRequest } from "../binding.js";

/** The most items on one of Cloudflare's pages. */
const PER_PAGE = 50;

/** How many pages of accounts are read. A longer list would not help to choose. */
const MAX_PAGES = 20;

/** Cloudflare's codes for an invalid token. */
const UNKNOWN_TOKEN = [6003, 6111, 9106];

/** Cloudflare's codes for a token without the permission. */
const REFUSED = [9109, 10000, 10001];

/** Cloudflare rejected a request, or did not answer it. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{ status?: number, codes?: number[] }} [answer]
   */
  constructor(message, { status, codes = [] } = {}) {
    super(message);
    this.status = status;
    this.codes = codes;
  }
}

/**
 * @typedef {object} Api
 * @property {string} baseUrl
 * @property {string} token
 * @property {string} [tokenSource] what its user would change
 * @property {AbortSignal} [signal]
 */

/**
 * @param {Api} api
 * @param {string} path
 * @param {{ query?: Record<string, string>, permission?: string, text?: { maxReplyBytes: number } }} [more]
 *   `permission`: what to set or allow if the token lacks the permission; `text`: the result is text
 * @returns {Promise<any>} the result
 */
export async function get(api, path, { query, permission, text } = {}) {
  const { baseUrl: apiBaseUrl, token: apiToken, signal } = api;
  const question = `GET ${path}`;
  const asked = {
    apiBaseUrl,
    path,
    query,
    apiToken,
    signal,
    expectsText: text !== undefined,
    ...text,
  };
  const answer = await apiRequest(asked).catch((error) => {
    if (signal?.aborted) throw abortError(signal);
    const { message, status, cloudflareCodes: codes } = error;
    const advice = adviceFor({ status, codes }, api, permission);
    throw new ApiError(`${message} (${question})${advice}`, { status, codes });
  });
  const { status, success, result, errors } = answer;
  if (success && status < 300) return result;
  const said = errors.map(({ code, message }) => `${message} [code ${code}]`).join("; ");
  const codes = errors.map(({ code }) => code);
  const advice = adviceFor({ status, codes }, api, permission);
  const reason = said === "" ? "" : `: ${said}`;
  throw new ApiError(`Cloudflare answered ${question} with ${status}${reason}${advice}`, {
    status,
    codes,
  });
}

/**
 * @param {{ status?: number, codes?: number[] }} answer
 * @param {Api} api
 * @param {string | undefined} permission
 */
function adviceFor(
  { status = 0, codes = [] },
  { tokenSource = "CLOUDFLARE_API_TOKEN" },
  permission,
) {
  if (codes.some((code) => UNKNOWN_TOKEN.includes(code)) || status === 401) {
    return (
      `; Cloudflare does not accept the API token of ${tokenSource}: it is incomplete, expired or ` +
      "revoked"
    );
  }
  const isRefused = status === 403 || codes.some((code) => REFUSED.includes(code));
  return isRefused && permission !== undefined ? `; ${permission}` : "";
}

/**
 * @param {Api} api
 * @returns {Promise<{ id: string, name?: string }[]>}
 */
export async function listAccounts(api) {
  const set = "set CLOUDFLARE_ACCOUNT_ID: the API token lacks the permission to list accounts";
  const accounts = await list(api, "/accounts", set);
  if (accounts.length < 2) return accounts;
  // The list includes accounts that the token's owner is not a member of. Tokens that belong to an
  // account cannot read memberships.
  const memberships = await list(api, "/memberships").catch((error) => {
    if (error instanceof ApiError) return undefined;
    throw error;
  });
  if (memberships === undefined) return accounts;
  const own = new Set(memberships.map(({ account }) => account?.id));
  return accounts.filter(({ id }) => own.has(id));
}

/**
 * All items of a paginated list.
 * @param {Api} api
 * @param {string} path
 * @param {string} [permission]
 * @returns {Promise<any[]>}
 */
async function list(api, path, permission) {
  const items = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const query = { page: String(page), per_page: String(PER_PAGE) };
    const part = await get(api, path, { query, permission });
    if (!Array.isArray(part) || part.some((item) => typeof item?.id !== "string")) {
      throw new ApiError(`Cloudflare answered GET ${path} without a list`);
    }
    items.push(...part);
    if (part.length < PER_PAGE) break;
  }
  return items;
}

/**
 * The namespace that a deployed Worker has a binding to.
 * @param {Api} api
 * @param {string} accountId
 * @param {{ name: string, dispatchNamespace?: string }} worker
 * @param {string} binding
 * @returns {Promise<string | undefined>} nothing if there is no such Worker, or no such binding
 */
export async function deployedNamespace(api, accountId, { name, dispatchNamespace }, binding) {
  const path = `${scriptPath(accountId, { name, dispatchNamespace })}/settings`;
  const set =
    'the API token needs the permission "Workers Scripts: Read" to look up the namespace; allow it, ' +
    "or name the namespace with --namespace-id";
  try {
    const { bindings = [] } = (await get(api, path, { permission: set })) ?? {};
    if (!Array.isArray(bindings)) return undefined;
    const found = bindings.find((one) => one?.type === "kv_namespace" && one.name === binding);
    return found?.namespace_id;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** The largest Worker that is read, in bytes. Workers are limited to 64 MB (Cloudflare Workers limits). */
const MAX_WORKER_BYTES = 128 * 1024 * 1024;

/**
 * The code of a deployed Worker.
 * @param {Api} api
 * @param {string} accountId
 * @param {{ name: string, dispatchNamespace?: string }} worker
 * @returns {Promise<string>}
 */
export async function deployedCode(api, accountId, { name, dispatchNamespace }) {
  const path = `${scriptPath(accountId, { name, dispatchNamespace })}/content/v2`;
  const permission =
    'the API token needs the permission "Workers Scripts: Read" to see which build is live; allow it, or ' +
    "name the site with --url";
  return get(api, path, { permission, text: { maxReplyBytes: MAX_WORKER_BYTES } });
}

/**
 * @param {string} accountId
 * @param {{ name: string, dispatchNamespace?: string }} worker
 */
function scriptPath(accountId, { name, dispatchNamespace }) {
  const dispatch =
    dispatchNamespace === undefined
      ? ""
      : `/dispatch/namespaces/${encodeURIComponent(dispatchNamespace)}`;
  return `/accounts/${accountId}/workers${dispatch}/scripts/${encodeURIComponent(name)}`;
}

/** The largest value of KV, in bytes: 25 MiB (Cloudflare KV limits). */
const MAX_VALUE_BYTES = 25 * 1024 * 1024;

/**
 * The value of a key, as text.
 * @param {Api} api
 * @param {string} accountId
 * @param {string} namespaceId
 * @param {string} key
 * @returns {Promise<string>}
 */
export async function getValue(api, accountId, namespaceId, key) {
  const namespace = `/accounts/${accountId}/storage/kv/namespaces/${namespaceId}`;
  const permission = 'the API token needs the permission "Workers KV Storage: Read"';
  const path = `${namespace}/values/${encodeURIComponent(key)}`;
  return get(api, path, { permission, text: { maxReplyBytes: MAX_VALUE_BYTES } });
}

/**
 * Whether a namespace has an entry.
 * @param {Api} api
 * @param {string} accountId
 * @param {string} namespaceId
 * @param {string} key
 */
export async function hasKey(api, accountId, namespaceId, key) {
  const namespace = `/accounts/${accountId}/storage/kv/namespaces/${namespaceId}`;
  try {
    await get(api, `${namespace}/metadata/${encodeURIComponent(key)}`);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
