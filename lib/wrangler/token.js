// The API token, as wrangler would have it.
//
// In: a project's directory and variables. Out: a token and where it is from, or what to set.
// Never: a token in a message, and never wrangler's own files; it may keep them encrypted.

import { execFile } from "node:child_process";
import { findCommand } from "../installed-package.js";

/** How long wrangler may take; it may have to refresh a login. */
const TIMEOUT_MS = 60_000;

const WHAT_TO_SET =
  'set CLOUDFLARE_API_TOKEN to a token with the permission "Workers KV Storage: Edit", or run ' +
  "`wrangler login`";

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string} [request.apiToken]
 * @param {import("./environment.js").Environment} request.environment
 * @returns {Promise<{ token: string, source: string } | { code: string, reason: string }>}
 */
export async function findToken({ root, apiToken, environment }) {
  if (apiToken !== undefined) return checked(apiToken, "apiToken");
  const fromVariable = environment.CLOUDFLARE_API_TOKEN;
  if (fromVariable) return checked(fromVariable, "CLOUDFLARE_API_TOKEN");
  const login = await askWrangler(root, environment);
  if (login?.token) return checked(login.token, "wrangler login");
  if (login?.type === "api_key") {
    const reason = `a global API key (CLOUDFLARE_API_KEY) is not enough; ${WHAT_TO_SET}`;
    return { code: "no-api-token", reason };
  }
  return { code: "no-api-token", reason: `there is no API token; ${WHAT_TO_SET}` };
}

/**
 * @param {string} token
 * @param {string} source
 */
function checked(token, source) {
  // A line break at the end comes along when a token is copied, or read from a file.
  if (/^[\x21-\x7e]+$/u.test(token)) return { token, source };
  const reason =
    `the API token in ${source} has a character that no token has, such as a space or a line ` +
    "break; copy it again";
  return { code: "invalid-api-token", reason };
}

/**
 * @param {string} root
 * @param {import("./environment.js").Environment} environment
 * @returns {Promise<{ type?: string, token?: string } | undefined>}
 */
function askWrangler(root, environment) {
  const wrangler = findCommand(root, "wrangler");
  if (wrangler === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const env = { ...environment, CI: "1", WRANGLER_SEND_METRICS: "false" };
    const options = { cwd: root, env, timeout: TIMEOUT_MS };
    execFile(process.execPath, [wrangler, "auth", "token", "--json"], options, (error, stdout) => {
      if (error) return resolve(undefined);
      // Notices may stand before the answer.
      const answer = /\{[^]*\}/u.exec(stdout)?.[0];
      try {
        resolve(JSON.parse(answer ?? ""));
      } catch {
        resolve(undefined);
      }
    });
  });
}
