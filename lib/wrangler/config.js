// A project's wrangler configuration, as its own wrangler understands it.
//
// In: a project's directory, and what `--config` and `--env` say. Out: the parts that seeding needs.
// Never: a rule of wrangler's own. Files, redirects, environments and inheritance are its business.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { sanitize } from "../sanitized-text.js";
import { findPackage } from "../installed-package.js";
import { askReader } from "../reader.js";

const READER = fileURLToPath(new URL("./config-reader.js", import.meta.url));

/**
 * @typedef {object} KvNamespaceConfig
 * @property {string} binding
 * @property {string} [id] missing if Cloudflare is to make the namespace at the first deploy
 * @property {string} [preview_id]
 */

/**
 * @typedef {object} WranglerConfig
 * @property {string} [configPath] missing if there is no configuration
 * @property {string} [userConfigPath] the file a redirected configuration was made from
 * @property {string} [name] the Worker's
 * @property {string} [accountId]
 * @property {string} [complianceRegion]
 * @property {KvNamespaceConfig[]} kvNamespaces
 */

/**
 * @typedef {{ kind: "config", config: WranglerConfig }
 *   | { kind: "absent", reason: string }
 *   | { kind: "wrong", code: string, reason: string }} ConfigAnswer
 */

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string} [request.config]
 * @param {string} [request.env]
 * @param {import("./environment.js").Environment} request.environment
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<ConfigAnswer>}
 */
export async function readWranglerConfig({ root, config, env, environment, signal }) {
  const home = path.resolve(root);
  if ((await findPackage(home, "wrangler", signal)) === undefined) {
    return { kind: "absent", reason: `wrangler is not installed in ${home}` };
  }
  const answer = await askReader(READER, [home, JSON.stringify({ config, env })], {
    cwd: home,
    env: { ...environment, WRANGLER_SEND_METRICS: "false" },
    signal,
  });
  if ("error" in answer) {
    const reason = `wrangler cannot read its configuration: ${sanitize(answer.error)}`;
    return { kind: "wrong", code: "config-unreadable", reason };
  }
  /** @type {ReadConfig} */
  const read = answer.found;
  if (read.configPath === undefined) {
    return { kind: "absent", reason: `there is no wrangler configuration in ${home}` };
  }
  return checkEnvironment(read, env) ?? { kind: "config", config: read };
}

/**
 * What wrangler itself lets pass with a warning: an environment that is not the build's, or none.
 * @param {ReadConfig} read
 * @param {string | undefined} env
 * @returns {ConfigAnswer | undefined}
 */
function checkEnvironment(read, env) {
  if (env === undefined || env === "") return undefined;
  const isRedirected = read.userConfigPath !== undefined && read.userConfigPath !== read.configPath;
  const built = read.targetEnvironment;
  if (isRedirected && built !== undefined && built !== env) {
    const what = built === null ? "no environment" : `"${built}"`;
    return {
      kind: "wrong",
      code: "other-environment",
      reason: `the build is for ${what}, not for "${env}"; build it with CLOUDFLARE_ENV=${env}`,
    };
  }
  const isDefined = read.definedEnvironments?.includes(env) ?? true;
  if (!isRedirected && !isDefined) {
    const known = read.definedEnvironments?.map((name) => `"${name}"`).join(", ");
    return {
      kind: "wrong",
      code: "no-such-environment",
      reason: `${read.configPath} has no environment "${env}"${known ? `, only ${known}` : ""}`,
    };
  }
  return undefined;
}

/**
 * With the environment that a redirected configuration was built for: `null` for none, missing if
 * this wrangler does not say.
 * @typedef {WranglerConfig & {
 *   targetEnvironment?: string | null, definedEnvironments?: string[] }} ReadConfig
 */
