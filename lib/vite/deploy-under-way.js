// Detects whether the build in this process is part of a deploy, and with which arguments.

import { realpathSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { readPackageManifest } from "../installed-package.js";

/** The package whose command builds and deploys in one process. */
const DEPLOY_PACKAGE = "@vinext/cloudflare";

/**
 * The target in a deploy's arguments.
 * @typedef {{ env?: string, config?: string, workerName?: string }} DeployTarget
 */

/**
 * Whether to seed: a deploy is under way, this is only a build, or seeding is disabled.
 * `isCommand` says that this process will deploy, not a later one.
 * @typedef {{ kind: "deploy", isCommand: boolean } & DeployTarget | { kind: "build" }
 *   | { kind: "off" }} DeployUnderWay
 */

/**
 * @param {Record<string, string | undefined>} [env]
 * @param {string[]} [argv]
 * @returns {DeployUnderWay}
 */
export function deployUnderWay(env = process.env, argv = process.argv) {
  const wish = switchOf(env.VINEXT_SEED);
  if (wish === false) return { kind: "off" };
  if (isDeployCommand(argv)) return { kind: "deploy", isCommand: true, ...deployArguments(argv) };
  // Cloudflare's documentation of Workers Builds: "WORKERS_CI" is "1" in its builds.
  const isWorkersBuild = switchOf(env.WORKERS_CI) === true;
  return wish === true || isWorkersBuild ? { kind: "deploy", isCommand: false } : { kind: "build" };
}

/**
 * The value of VINEXT_SEED if it is invalid.
 * @param {Record<string, string | undefined>} [env]
 * @returns {string | undefined}
 */
export function unclearWish({ VINEXT_SEED: wish = "" } = process.env) {
  return wish.trim() === "" || switchOf(wish) !== undefined ? undefined : wish;
}

/**
 * Whether this process builds, as opposed to serving or testing.
 * @param {string[]} [argv]
 */
export function isBuild(argv = process.argv) {
  return isDeployCommand(argv) || argv.slice(2).includes("build");
}

/**
 * @param {string | undefined} value
 * @returns {boolean | undefined} nothing if it says neither
 */
function switchOf(value = "") {
  const word = value.trim().toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  if (["0", "false", "no", "off"].includes(word)) return false;
  return undefined;
}

/**
 * Whether this process is `vinext-cloudflare deploy`. Package managers start it through their own
 * links and scripts, so its package is checked, not the name of the command.
 * @param {string[]} argv
 */
function isDeployCommand([, script, command]) {
  if (command !== "deploy" || script === undefined) return false;
  try {
    return packageOf(realpathSync(script)) === DEPLOY_PACKAGE;
  } catch {
    return false;
  }
}

/**
 * The name of the package that contains a file.
 * @param {string} file
 * @returns {string | undefined}
 */
function packageOf(file) {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    try {
      return readPackageManifest(directory).name;
    } catch {
      if (directory === path.dirname(directory)) return undefined;
    }
  }
}

/**
 * The target in its arguments.
 * @param {string[]} argv
 * @returns {DeployTarget}
 */
function deployArguments(argv) {
  const { values } = parseArgs({
    args: argv.slice(3),
    options: {
      env: { type: "string" },
      preview: { type: "boolean" },
      config: { type: "string" },
      name: { type: "string" },
    },
    // The command itself rejects unknown arguments.
    strict: false,
    allowPositionals: true,
  });
  const text = (/** @type {unknown} */ value) =>
    typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  const env = text(values.env) ?? (values.preview === true ? "preview" : undefined);
  return { env, config: text(values.config), workerName: text(values.name) };
}
