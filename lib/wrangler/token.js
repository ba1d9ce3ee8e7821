// The API token, as wrangler would find it. It never appears in a message.

import os from "node:os";
import { checkApiToken } from "../binding.js";
import { runScript } from "../script.js";
import { findWrangler } from "./installed-wrangler.js";

/** How long wrangler may take; it may have to refresh a login. */
const TIMEOUT_MS = 60_000;

/** The first wrangler with `auth token`. */
const FIRST_MINOR_WITH_AUTH_TOKEN = 57;

const SET_TOKEN =
  'set CLOUDFLARE_API_TOKEN to a token with the permission "Workers KV Storage: Edit"';

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string} [request.apiToken]
 * @param {string} [request.profile] wrangler's auth profile
 * @param {import("./environment.js").Environment} request.environment
 * @param {boolean} [request.isTyped] whether the project does without a wrangler configuration
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<{ token: string, source: string } | { code: string, reason: string }>}
 */
export async function findToken(request) {
  const { root, apiToken, profile, environment, isTyped, signal } = request;
  const whatToSet = isTyped ? SET_TOKEN : `${SET_TOKEN}, or run \`wrangler login\``;
  if (apiToken !== undefined) return checked(apiToken, "apiToken");
  const fromVariable = environment.CLOUDFLARE_API_TOKEN;
  if (fromVariable) return checked(fromVariable, "CLOUDFLARE_API_TOKEN");
  const login = await askWrangler({ root, profile, environment, signal });
  if (login?.token) return checked(login.token, "wrangler login");
  if (login?.type === "api_key") {
    const reason = `a global API key (CLOUDFLARE_API_KEY) is not enough; ${whatToSet}`;
    return { code: "no-api-token", reason };
  }
  const old = isTyped ? undefined : await tooOld(root, signal);
  if (old !== undefined) return { code: "no-api-token", reason: old };
  return { code: "no-api-token", reason: `there is no API token; ${whatToSet}` };
}

/**
 * @param {string} token
 * @param {string} source
 */
function checked(token, source) {
  const problem = checkApiToken(token);
  if (problem === null) return { token, source };
  const reason = `the API token in ${source} ${problem}`;
  return { code: "invalid-api-token", reason };
}

/**
 * @param {string} root
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>} why the installed wrangler cannot print its login token
 */
async function tooOld(root, signal) {
  const version = (await findWrangler(root, signal))?.version;
  const [, major, minor] = /^(\d+)\.(\d+)/u.exec(version ?? "") ?? [];
  if (major === undefined || Number(major) > 4) return undefined;
  if (Number(major) === 4 && Number(minor) >= FIRST_MINOR_WITH_AUTH_TOKEN) return undefined;
  return (
    `there is no CLOUDFLARE_API_TOKEN, and wrangler ${version} is too old to print its login token ` +
    `(4.${FIRST_MINOR_WITH_AUTH_TOKEN} or later does); set CLOUDFLARE_API_TOKEN, or update wrangler`
  );
}

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string} [request.profile]
 * @param {import("./environment.js").Environment} request.environment
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<{ type?: string, token?: string } | undefined>}
 */
async function askWrangler({ root, profile, environment, signal }) {
  const wrangler = await findWrangler(root, signal);
  if (wrangler === undefined) return undefined;
  const args = ["auth", "token", "--json"];
  if (profile !== undefined) args.push("--profile", profile);
  // The variables are complete. Reading again would block on a FIFO called `.env`.
  args.push("--env-file", os.devNull);
  const env = { ...environment, CI: "1", WRANGLER_SEND_METRICS: "false" };
  const how = { cwd: root, env, timeoutMs: TIMEOUT_MS, signal };
  const { code, stdout } = await runScript(wrangler.script, args, how);
  if (code !== 0) return undefined;
  // Notices may precede the answer.
  const answer = /\{[^]*\}/u.exec(stdout)?.[0];
  try {
    return JSON.parse(answer ?? "");
  } catch {
    return undefined;
  }
}
