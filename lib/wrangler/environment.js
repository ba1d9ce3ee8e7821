// The environment variables as wrangler sees them in a project.
//
// In: a project's directory, the name of an environment. Out: variables.
// Never: a change to this process's own.

import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";

/** @typedef {Record<string, string | undefined>} Environment */

/** The files that wrangler reads; what stands in a later one counts. */
const FILES = (/** @type {string | undefined} */ env) => [
  ".env",
  ".env.local",
  ...(env === undefined || env === "" ? [] : [`.env.${env}`, `.env.${env}.local`]),
];

/** Names that wrangler still takes for others. */
const OLD_NAMES = {
  CF_API_TOKEN: "CLOUDFLARE_API_TOKEN",
  CF_ACCOUNT_ID: "CLOUDFLARE_ACCOUNT_ID",
  CF_API_BASE_URL: "CLOUDFLARE_API_BASE_URL",
};

/**
 * The process's variables, and beneath them those of the project's `.env` files.
 * @param {string} root
 * @param {string} [env]
 * @param {Environment} [own]
 * @returns {Environment}
 */
export function readEnvironment(root, env, own = process.env) {
  /** @type {Environment} */
  const variables = {};
  for (const file of FILES(env ?? own.CLOUDFLARE_ENV)) {
    try {
      Object.assign(variables, parseEnv(readFileSync(path.join(root, file), "utf-8")));
    } catch {
      // Most projects have none of them.
    }
  }
  Object.assign(variables, own);
  for (const [old, name] of Object.entries(OLD_NAMES)) variables[name] ||= variables[old];
  return variables;
}
