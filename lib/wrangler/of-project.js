// Finds a project's target, and on the way what its Vite configuration says of vinext's caches, so that
// it is read once.

import { readCacheConfig } from "../cache-config.js";
import { resolveLocalTarget, resolveTarget } from "./resolve.js";

/**
 * @typedef {import("./resolve.js").TargetOptions & {
 *   local?: boolean, viteConfig?: string | false }} ProjectOptions
 */

/**
 * @typedef {object} ProjectTarget
 * @property {import("../cache-config.js").CacheConfig} [cacheConfig]
 * @property {import("./resolve.js").RemoteTarget | import("./resolve.js").LocalTarget
 *   | import("./resolve.js").Missing} target
 */

/**
 * @param {ProjectOptions} options
 * @returns {Promise<ProjectTarget>}
 */
export async function targetOfProject(options) {
  const { root, env, local, viteConfig, signal } = options;
  const reading =
    viteConfig === false ? undefined : readCacheConfig(root, viteConfig, env ?? undefined, signal);
  // Whoever waits for it first is told of an abort; nobody may be waiting yet.
  reading?.catch(() => {});
  const binding = reading?.then((read) => (read.kind === "kv" ? read.options.binding : undefined));
  binding?.catch(() => {});
  const target = await (local ? resolveLocalTarget : resolveTarget)(options, binding);
  return { cacheConfig: await reading, target };
}
