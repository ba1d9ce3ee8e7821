// `seedCache`: seeds any store, as `seedKvCache` seeds Workers KV.

import { seedStore } from "./binding.js";
import { runForProject } from "./project.js";
import { seedConfiguredHandler } from "./seed-configured-handler.js";
import { readStore } from "./store.js";

/**
 * @param {import("../index.js").SeedCacheOptions} options
 * @param {import("./cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedCache(options, known) {
  if (options === null || typeof options !== "object") return seedStore(options);
  const { handler, ...completed } = withStore(options);
  if (handler !== undefined) return seedConfiguredHandler(completed, handler, known);
  return runForProject(seedStore, completed, known);
}

/**
 * Options in which the store is as the native code takes it.
 * @template {{ root: string, store?: unknown, appPrefix?: string | null }} Options
 * @param {Options} options
 */
export function withStore(options) {
  const { root, store: given } = options;
  const store = readStore(given, typeof root === "string" ? root : ".");
  return {
    ...options,
    appPrefix: options.appPrefix ?? store.appPrefix,
    store: store.native,
    handler: store.handler,
  };
}
