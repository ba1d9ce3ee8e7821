// Finds a project's target, and reads the Vite configuration of vinext's caches only once.

import { bindingDifference } from "../adapter-options.js";
import { inspectWorker } from "../binding.js";
import { readCacheConfig } from "../cache-config.js";
import { resolveLocalTarget, resolveTarget } from "./resolve.js";

/**
 * @typedef {import("./resolve.js").TargetOptions & {
 *   local?: boolean, viteConfig?: string | false, viteMode?: string }} ProjectOptions
 */

/**
 * @typedef {object} ProjectTarget
 * @property {import("../cache-config.js").CacheConfig} [cacheConfig]
 * @property {import("./resolve.js").RemoteTarget | import("./resolve.js").LocalTarget
 *   | import("./resolve.js").Missing} target
 */

/**
 * @param {ProjectOptions} options
 * @param {import("../cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @returns {Promise<ProjectTarget>}
 */
export async function targetOfProject(options, known) {
  const { root, env, local, viteConfig, viteMode, signal } = options;
  const reading =
    viteConfig === false
      ? undefined
      : known === undefined
        ? readCacheConfig({ root, viteConfig, viteMode, env: env ?? undefined, signal })
        : Promise.resolve(known);
  // It is awaited later; until then, a rejection must not count as unhandled.
  reading?.catch(() => {});
  const worker = await inspectWorker(root);
  const hasNamespace = (options.namespaceId ?? undefined) !== undefined;
  const difference = bindingDifference(worker, options.binding ?? undefined);
  if (difference !== undefined && !hasNamespace) {
    return { cacheConfig: await reading, target: difference };
  }
  const target = await (local ? resolveLocalTarget : resolveTarget)(
    options,
    bindingOf(worker, reading),
  );
  return { cacheConfig: await reading, target };
}

/**
 * The binding through which the Worker reads KV, from the built Worker, else from the configuration.
 * @param {import("../binding.js").WorkerFacts} worker
 * @param {Promise<import("../cache-config.js").CacheConfig>} [reading]
 * @returns {Promise<string | undefined>}
 */
export function bindingOf(worker, reading) {
  if (worker.binding !== undefined) return Promise.resolve(worker.binding);
  const named = reading?.then((read) => (read.kind === "kv" ? read.options.binding : undefined));
  named?.catch(() => {});
  return named ?? Promise.resolve(undefined);
}
