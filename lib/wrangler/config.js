// The configuration of a project's Worker, from its build's output or its own wrangler.
//
// Invariants: files, redirects, environments and inheritance of a wrangler configuration are read by
// wrangler alone.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { sanitize } from "../sanitized-text.js";
import { askReader } from "../reader.js";
import { hasBuildOutput, readBuildOutput } from "./build-output.js";
import { TYPED_CONFIG, checkEnvironment, readBuilt } from "./built-environment.js";
import { findWrangler } from "./installed-wrangler.js";

const READER = fileURLToPath(new URL("./config-reader.js", import.meta.url));

/**
 * @typedef {object} KvNamespaceConfig
 * @property {string} binding
 * @property {string} [id] missing if the first deploy creates the namespace
 * @property {string} [preview_id]
 * @property {boolean} [remote] whether local development uses the deployed namespace
 */

/**
 * @typedef {object} WorkerConfig
 * @property {string} [configPath] missing if there is no configuration
 * @property {string} [userConfigPath] the file that its user has written, if there is one
 * @property {string} [name] the Worker's
 * @property {string} [accountId]
 * @property {string} [complianceRegion]
 * @property {KvNamespaceConfig[]} kvNamespaces
 * @property {string[]} [definedEnvironments] missing if this wrangler does not say
 * @property {boolean} isTyped whether it is written in `cloudflare.config.ts`
 * @property {string} [mode] Vite's, of a Build Output
 * @property {boolean} [isPreview] of a Build Output
 */

/**
 * @typedef {{ kind: "config", config: WorkerConfig }
 *   | { kind: "absent", reason: string }
 *   | { kind: "wrong", code: string, reason: string }} ConfigAnswer
 */

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string} [request.config]
 * @param {string} [request.env]
 * @param {string} [request.mode]
 * @param {import("./environment.js").Environment} request.environment
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<ConfigAnswer>}
 */
export async function readWorkerConfig(request) {
  const { root, config: file, env, mode, environment } = request;
  const home = path.resolve(root);
  const isOutput = file === undefined && hasBuildOutput(home);
  const answer = isOutput ? fromBuildOutput(home) : await askWrangler(home, request);
  if (answer.kind !== "config") return answer;
  const { config } = answer;
  const wrong = checkEnvironment({ root: home, config, env, mode, environment });
  return wrong === undefined ? answer : { kind: "wrong", ...wrong };
}

/**
 * @param {string} home
 * @returns {ConfigAnswer}
 */
function fromBuildOutput(home) {
  try {
    return { kind: "config", config: readBuildOutput(home) };
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    const reason = `the Build Output cannot be read: ${sanitize(message)}`;
    return { kind: "wrong", code: "config-unreadable", reason };
  }
}

/**
 * @param {string} home
 * @param {Parameters<typeof readWorkerConfig>[0]} request
 * @returns {Promise<ConfigAnswer>}
 */
async function askWrangler(home, { config, env, environment, signal }) {
  const wrangler = await findWrangler(home, signal);
  if (wrangler === undefined) {
    return { kind: "absent", reason: unbuilt(home) ?? `wrangler is not installed in ${home}` };
  }
  const args = [wrangler.directory, JSON.stringify({ config, env })];
  const answer = await askReader(READER, args, {
    cwd: home,
    env: { ...environment, WRANGLER_SEND_METRICS: "false" },
    signal,
  });
  if ("error" in answer) {
    const reason = `wrangler cannot read its configuration: ${sanitize(answer.error)}`;
    return { kind: "wrong", code: "config-unreadable", reason };
  }
  /** @type {Omit<WorkerConfig, "isTyped">} */
  const read = answer.found;
  if (read.configPath === undefined) {
    const reason = unbuilt(home) ?? `there is no wrangler configuration in ${home}`;
    return { kind: "absent", reason };
  }
  // Wrangler does not know this file. The build records that it was made from it.
  const source = read.userConfigPath ?? readBuilt(home)?.userConfigPath ?? "";
  const isTyped = path.basename(source) === TYPED_CONFIG;
  return { kind: "config", config: { ...read, isTyped } };
}

/**
 * @param {string} home
 * @returns {string | undefined} what is missing where the Worker is configured without wrangler
 */
function unbuilt(home) {
  if (!existsSync(path.join(home, TYPED_CONFIG))) return undefined;
  return `no build of ${TYPED_CONFIG} is in ${home}; build first`;
}
