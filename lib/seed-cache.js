// `seedCache`: seeds any store, as `seedKvCache` seeds Workers KV.

import { signalOf } from "./abort.js";
import { SEED_STORE } from "./native-calls.js";
import { checkOptions, invalidOption } from "./options/check.js";
import { runWithPages } from "./pages.js";
import { runForProject } from "./project.js";
import { seedConfiguredHandler } from "./seed-configured-handler.js";
import { storeOfSite } from "./store-of-project.js";
import { readStore } from "./store.js";

/**
 * @param {import("../index.js").SeedCacheOptions} given
 * @param {import("./cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @param {import("./project.js").Skip} [skip] a reason to seed nothing
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedCache(given, known, skip) {
  return runWithPages(given, (completed) => seedInto(completed, known, skip));
}

/**
 * @param {import("../index.js").SeedCacheOptions} given
 * @param {import("./cache-config.js").CacheConfig} [known]
 * @param {import("./project.js").Skip} [skip]
 * @returns {Promise<import("../index.js").SeedResult>}
 */
async function seedInto(given, known, skip) {
  const { env, envFiles } = /** @type {any} */ (given ?? {});
  const options = { ...checkOptions("seedCache", given), env, envFiles };
  const { site, cacheConfig = known } =
    options.store === undefined ? await storeToSeed(options) : {};
  const named =
    site === undefined ? options : { ttlSeconds: site.ttlSeconds, ...options, store: site.store };
  const { handler, ...completed } = withStore(named);
  if (handler !== undefined) return seedConfiguredHandler(completed, handler, cacheConfig);
  return runForProject(SEED_STORE, completed, { cacheConfig, skip });
}

/**
 * The store that the built site reads.
 * @param {import("../index.js").SeedCacheOptions} options
 * @returns {Promise<import("./store-of-project.js").SiteFacts>}
 */
async function storeToSeed(options) {
  if (typeof options.root !== "string") return {};
  const found = await storeOfSite({ ...options, signal: signalOf(options.signal) });
  const { skip } = found.site ?? {};
  if (skip === undefined) return found;
  throw invalidOption("store", `is missing: ${skip.reason}`);
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
