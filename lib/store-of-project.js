// Finds the store that a project's pages go to, where it is not Workers KV.

import { readCacheConfig } from "./cache-config.js";
import { hasManifest } from "./project.js";
import { readStore, shownAdapter } from "./store.js";

/** @typedef {import("./cache-config.js").CacheConfig} CacheConfig */

/**
 * What of the options is needed to read the Vite configuration.
 * @typedef {object} ConfigPlace
 * @property {string} root
 * @property {string | false | null} [viteConfig]
 * @property {string | null} [viteMode]
 * @property {string | null} [env]
 * @property {AbortSignal | null} [signal]
 */

/**
 * Names a store for people. For the project's own cache handler, that takes the Vite configuration.
 * @param {unknown} given a store, as an option
 * @param {ConfigPlace} place
 * @param {CacheConfig} [known] what the Vite configuration says, if it has been read already
 * @returns {Promise<{ shown: string, cacheConfig?: CacheConfig }>}
 */
export async function storeWithConfig(given, place, known) {
  const { shown, handler } = readStore(given, place.root);
  const isNamed = handler === undefined || handler.adapter !== undefined;
  if (isNamed || place.viteConfig === false || !hasManifest(place.root)) {
    return { shown, cacheConfig: known };
  }
  const cacheConfig = known ?? (await readConfig(place));
  const adapter = cacheConfig.kind === "pointless" ? cacheConfig.data?.adapter : undefined;
  const isText = typeof adapter === "string";
  return { shown: isText ? shownAdapter(adapter, place.root) : shown, cacheConfig };
}

/** @param {ConfigPlace} place */
function readConfig({ root, viteConfig, viteMode, env, signal }) {
  return readCacheConfig({
    root,
    viteConfig,
    viteMode,
    env: env ?? undefined,
    signal: signal ?? undefined,
  });
}
