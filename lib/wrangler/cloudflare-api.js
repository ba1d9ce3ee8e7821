// The few questions to Cloudflare's API that finding a target takes.
//
// In: a path. Out: the envelope's result.
// Never: a write, and never the token in a message.

import { abortError } from "../abort.js";
import { sanitize } from "../sanitized-text.js";

/** How long an answer may take. */
const TIMEOUT_MS = 30_000;

/** The most items Cloudflare gives on a page. */
const PER_PAGE = 50;

/** Cloudflare said no, or nothing. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} [status]
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @typedef {object} Api
 * @property {string} baseUrl
 * @property {string} token
 * @property {AbortSignal} [signal]
 */

/**
 * @param {Api} api
 * @param {string} path
 * @returns {Promise<any>} the result
 */
export async function get({ baseUrl, token, signal }, path) {
  const question = `GET ${path}`;
  let response;
  let body;
  try {
    response = await fetch(`${baseUrl}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: "error",
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])]),
    });
    body = await response.text();
  } catch (error) {
    if (signal?.aborted) throw abortError(signal);
    const { message, cause } = /** @type {Error} */ (error);
    const reason = cause instanceof Error ? cause.message : message;
    const { host } = new URL(baseUrl);
    throw new ApiError(`no answer from ${host} to ${question}: ${sanitize(reason)}`);
  }
  const envelope = parse(body);
  if (response.ok && envelope?.success === true) return envelope.result;
  /** @type {any[]} */
  const errors = Array.isArray(envelope?.errors) ? envelope.errors : [];
  const said = errors.map((error) => `${error?.message} [code ${error?.code}]`).join("; ");
  // The token is taken out first: what is cut off could be its end.
  const text = sanitize((said || body).replaceAll(token, "[token]"));
  const { status } = response;
  throw new ApiError(`Cloudflare answered ${question} with ${status}: ${text}`, status);
}

/**
 * @param {Api} api
 * @returns {Promise<{ id: string, name: string }[]>}
 */
export async function listAccounts(api) {
  const path = `/accounts?per_page=${PER_PAGE}`;
  const accounts = await get(api, path);
  if (!Array.isArray(accounts))
    throw new ApiError(`Cloudflare answered GET ${path} without a list`);
  if (accounts.length < 2) return accounts;
  // Some are listed that the token's owner is no member of. Tokens that belong to an account cannot
  // read memberships.
  const memberships = await get(api, `/memberships?per_page=${PER_PAGE}`).catch(() => undefined);
  if (!Array.isArray(memberships)) return accounts;
  const own = new Set(memberships.map(({ account }) => account?.id));
  return accounts.filter((/** @type {{ id: string }} */ { id }) => own.has(id));
}

/**
 * The namespace that a deployed Worker has a binding to.
 * @param {Api} api
 * @param {string} accountId
 * @param {string} worker
 * @param {string} binding
 * @returns {Promise<string | undefined>} nothing if there is no such Worker, or no such binding
 */
export async function deployedNamespace(api, accountId, worker, binding) {
  const path = `/accounts/${accountId}/workers/scripts/${encodeURIComponent(worker)}/settings`;
  try {
    const { bindings = [] } = (await get(api, path)) ?? {};
    if (!Array.isArray(bindings)) return undefined;
    const found = bindings.find((one) => one?.type === "kv_namespace" && one.name === binding);
    return found?.namespace_id;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** @param {string} body */
function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
