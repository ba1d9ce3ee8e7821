// Finds the store that a project's pages go to, if it is not Workers KV.

import { inspectWorker } from "./binding.js";
import { readCacheConfig } from "./cache-config.js";
import { placeOfAdapter } from "./known-adapters.js";
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
 * Names a store for display. For the project's own cache handler, that takes the Vite configuration.
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

/**
 * The store that a built site reads, if it is not Workers KV and its adapter is known.
 * @typedef {object} StoreOfSite
 * @property {import("../index.js").StoreOptions} store if the site does not show all of it, sufficient for
 * counting only
 * @property {number} [ttlSeconds]
 * @property {import("./project.js").Skip} [skip] why nothing can be stored there
 */

/**
 * The store of a site, and what was read to find it.
 * @typedef {object} SiteFacts
 * @property {StoreOfSite} [site] not for Workers KV, and not where the adapter is unknown
 * @property {CacheConfig} [cacheConfig] what the Vite configuration says, if it was read
 */

/**
 * @param {ConfigPlace & { binding?: string | null, namespaceId?: string | null, local?: boolean | null }}
 *   options those that name a namespace of Workers KV are the caller's word
 * @returns {Promise<SiteFacts>}
 */
export async function storeOfSite(options) {
  const { root, binding, namespaceId, local } = options;
  const namesKv = (binding ?? namespaceId ?? undefined) !== undefined || local === true;
  if (namesKv || options.viteConfig === false || !hasManifest(root)) return {};
  const { dataCache, hasCdnCache } = await inspectWorker(root);
  if (dataCache !== "other" || hasCdnCache) return {};
  const cacheConfig = await readConfig(options);
  if (cacheConfig.kind !== "pointless") return { cacheConfig };
  const place = placeOfAdapter(cacheConfig.data);
  if (place === undefined) return { cacheConfig };
  const { title, variable, store, ttlSeconds } = place;
  const value = cacheConfig.variables?.[variable] ?? process.env[variable];
  if (value) return { site: { ttlSeconds, store: withValue(store, value) }, cacheConfig };
  const reason =
    `the built site reads its pages from ${title} and finds it through the variable ${variable}, which is ` +
    "not set; set it, or name the store with --to (`store`)";
  const counted = withValue(store, store.type === "redis" ? "redis://localhost" : "unknown");
  const skip = { code: "store-unknown", reason };
  return { site: { ttlSeconds, store: counted, skip }, cacheConfig };
}

/**
 * The options for what an adapter's descriptor says, as a Vite configuration has it.
 * @template {{ store?: unknown, ttlSeconds?: number }} Options
 * @param {unknown} descriptor
 * @param {Options} options that the caller passes as well
 * @returns {Options} without a store if it is Workers KV or unknown
 */
export function withStoreOfDescriptor(descriptor, options) {
  const { adapter, options: own } = /** @type {{ adapter?: string, options?: unknown }} */ (
    descriptor
  );
  const { store } = options;
  const isHandler = store === "handler" || /** @type {any} */ (store)?.type === "handler";
  if (isHandler && /** @type {any} */ (store).adapter === undefined) {
    return { ...options, store: { type: "handler", adapter, options: own } };
  }
  const place = (store ?? undefined) === undefined ? placeOfAdapter(descriptor) : undefined;
  if (place === undefined) return options;
  return { ttlSeconds: place.ttlSeconds, ...options, store: place.store };
}

/**
 * @param {import("../index.js").StoreOptions} store
 * @param {string} value of the adapter's variable
 * @returns {import("../index.js").StoreOptions}
 */
function withValue(store, value) {
  return store.type === "redis"
    ? { ...store, url: value }
    : /** @type {any} */ ({ ...store, bucket: value });
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
