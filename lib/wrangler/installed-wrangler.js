// Finds the wrangler that a project deploys with.

import { realpathSync } from "node:fs";
import path from "node:path";
import { findPackage } from "../installed-package.js";

/**
 * @typedef {object} InstalledWrangler
 * @property {string} directory
 * @property {string} script to be run with Node
 * @property {string | undefined} version
 */

/**
 * The project's own, or else the one that its Cloudflare plugin for Vite depends on: projects made by
 * `vinext init` have only the latter, which pnpm and Yarn do not hoist.
 * @param {string} root
 * @param {AbortSignal} [signal]
 * @returns {Promise<InstalledWrangler | undefined>}
 */
export async function findWrangler(root, signal) {
  const own = await findPackage(root, "wrangler", signal);
  const found = own ?? (await wranglerOfPlugin(root, signal));
  const bin = found?.manifest.bin;
  const script = typeof bin === "object" ? bin.wrangler : bin;
  if (found === undefined || !script) return undefined;
  const { directory, manifest } = found;
  return { directory, script: path.join(directory, script), version: manifest.version };
}

/**
 * @param {string} root
 * @param {AbortSignal} [signal]
 */
async function wranglerOfPlugin(root, signal) {
  const plugin = await findPackage(root, "@cloudflare/vite-plugin", signal);
  if (plugin === undefined) return undefined;
  // Packages of pnpm are links, and what they depend on is found from where they really are.
  return findPackage(realpathSync(plugin.directory), "wrangler", signal);
}
