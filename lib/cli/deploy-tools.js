// Chooses the commands that `deploy` runs: a project's own build, and its own deploy.

import path from "node:path";
import { findCommand, findPackage, readPackageManifest } from "../installed-package.js";
import { hasBuildOutput } from "../wrangler/build-output.js";
import { findWrangler } from "../wrangler/installed-wrangler.js";
import { PRERENDER_FLAG, buildTakesPrerenderFlag } from "../prerender-hint.js";

/**
 * @typedef {object} Tool
 * @property {string} title what a user would type
 * @property {string} script to be run with Node, or an option of Node
 * @property {string[]} args
 */

/** Scripts of a package.json that build a vinext project, the one that `vinext init` adds first. */
const BUILD_SCRIPTS = ["build:vinext", "build"];

/** The first Node with `node --run`. */
const FIRST_NODE_THAT_RUNS_SCRIPTS = 22;

/**
 * The installed command that builds and pre-renders.
 * @param {string} root
 * @param {AbortSignal} [signal]
 * @param {{ viteMode?: string, viteConfig?: string | false }} [options] options for Vite's commands; the
 *   others take neither
 * @returns {Promise<Tool | undefined>}
 */
export async function findBuild(root, signal, { viteMode, viteConfig } = {}) {
  const viteArgs = [
    "build",
    ...(viteMode === undefined ? [] : ["--mode", viteMode]),
    ...(viteConfig ? ["--config", viteConfig] : []),
  ];
  const vinext = await findCommand(root, "vinext", signal);
  if (vinext !== undefined && (await buildTakesPrerenderFlag(root, signal))) {
    return tool("vinext", vinext, ["build", PRERENDER_FLAG]);
  }
  const vite = await findCommand(root, "vite", signal);
  if (vite !== undefined) return tool("vite", vite, viteArgs);
  // Replacements for Vite, such as Vite+'s, have no command of that name.
  const vitePlus = await binOf(root, "vite-plus", "vp", signal);
  if (vitePlus !== undefined) return tool("vp", vitePlus, viteArgs);
  // vinext runs the command line of a replacement that has the same files as Vite.
  if (vinext !== undefined && (await findPackage(root, "vite", signal)) !== undefined) {
    return tool("vinext", vinext, ["build"]);
  }
  return buildScript(root);
}

/**
 * @param {string} root
 * @returns {Tool | undefined}
 */
function buildScript(root) {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < FIRST_NODE_THAT_RUNS_SCRIPTS) return undefined;
  const manifest = readPackageManifest(root);
  const name = BUILD_SCRIPTS.find((one) => typeof manifest?.scripts?.[one] === "string");
  return name === undefined ? undefined : tool("node", "--run", [name], "node --run");
}

/**
 * @param {string} root
 * @param {string} name
 * @param {string} command
 * @param {AbortSignal} [signal]
 */
async function binOf(root, name, command, signal) {
  const found = await findPackage(root, name, signal);
  const bin = found?.manifest.bin;
  const script = typeof bin === "object" ? bin[command] : undefined;
  return found && script ? path.join(found.directory, script) : undefined;
}

/**
 * @param {string} command
 * @param {string} script
 * @param {string[]} args
 * @param {string} [shown]
 * @returns {Tool}
 */
function tool(command, script, args, shown = command) {
  return { title: `${shown} ${args.join(" ")}`, script, args };
}

/**
 * The installed command that deploys the last build.
 * @param {string} root
 * @param {string[]} args its arguments
 * @param {AbortSignal} [signal]
 * @returns {Promise<Tool | { problem: string }>}
 */
export async function findDeploy(root, args, signal) {
  if (hasBuildOutput(root)) {
    const cf = await findCommand(root, "cf", signal);
    if (cf !== undefined) return tool("cf", cf, ["deploy", "--prebuilt", ...args]);
    return { problem: `cf, which deploys a Build Output, is not installed in ${root}` };
  }
  const wrangler = await findWrangler(root, signal);
  if (wrangler !== undefined) return tool("wrangler", wrangler.script, ["deploy", ...args]);
  const problem = `wrangler is not installed in ${root}; add it to its devDependencies`;
  return { problem };
}

/**
 * Whether a deploy tool is installed.
 * @param {string} root
 * @param {AbortSignal} [signal]
 */
export async function canDeploy(root, signal) {
  const tools = await Promise.all([findWrangler(root, signal), findCommand(root, "cf", signal)]);
  return tools.some((found) => found !== undefined);
}
