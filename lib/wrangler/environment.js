// The environment variables as wrangler sees them in a project.

import { createRequire } from "node:module";
import path from "node:path";
import { readRegularFile } from "../regular-file.js";

// Required, not imported: Plug'n'Play on Node 20 does not resolve the imports of a module that CommonJS
// has required.
const require = createRequire(import.meta.url);
/** @type {typeof import("dotenv")} */
const dotenv = require("dotenv");
/** @type {typeof import("dotenv-expand")} */
const dotenvExpand = require("dotenv-expand");

/** @typedef {Record<string, string | undefined>} Environment */

/** The largest `.env` file that is read. Real ones have a few kilobytes. */
const MAX_ENV_FILE_BYTES = 1024 * 1024;

/**
 * The files that wrangler reads by default. Values in a later file win. CLOUDFLARE_ENV does not add
 * any, only `--env` does (wrangler 4.151, `getDefaultEnvFiles`).
 * @param {string} [env]
 */
const defaultFiles = (env) => [
  ".env",
  ".env.local",
  ...(env === undefined ? [] : [`.env.${env}`, `.env.${env}.local`]),
];

/** Deprecated names that wrangler still accepts. */
const OLD_NAMES = {
  CF_API_TOKEN: "CLOUDFLARE_API_TOKEN",
  CF_ACCOUNT_ID: "CLOUDFLARE_ACCOUNT_ID",
  CF_API_BASE_URL: "CLOUDFLARE_API_BASE_URL",
};

/**
 * The process's variables, completed by those of the project's `.env` files. They are parsed and
 * expanded with the libraries that wrangler uses.
 * @param {string} root
 * @param {object} [options]
 * @param {string} [options.env] what `--env` says
 * @param {string[]} [options.envFiles] what `--env-file` says, instead of the default files
 * @param {Environment} [own]
 * @returns {Environment}
 */
export function readEnvironment(root, { env, envFiles } = {}, own = process.env) {
  /** @type {Record<string, string>} */
  const parsed = {};
  for (const file of envFiles ?? defaultFiles(env)) {
    try {
      const text = readRegularFile(path.resolve(root, file), MAX_ENV_FILE_BYTES);
      Object.assign(parsed, dotenv.parse(text));
    } catch {
      // Most projects have none of them, and wrangler ignores what it cannot read.
    }
  }
  /** @type {Environment} */
  const variables = { ...own };
  dotenvExpand.expand({ processEnv: /** @type {Record<string, string>} */ (variables), parsed });
  for (const [old, name] of Object.entries(OLD_NAMES)) variables[name] ||= variables[old];
  return variables;
}
