// The functions of the addon that seed Workers KV, with their options completed from the project.

import { EXPORT, PLAN, SEED_KV } from "./native-calls.js";
import { checkOptions } from "./options/check.js";
import { runWithPages } from "./pages.js";
import { runForProject } from "./project.js";
import { withStore } from "./seed-cache.js";

/** @typedef {import("./cache-config.js").CacheConfig} CacheConfig */

/**
 * @param {import("../index.js").SeedOptions} options
 * @param {CacheConfig} [cacheConfig] what the Vite configuration says, if it has been read already
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedKvCache(options, cacheConfig) {
  return runWithPages(options, (completed) =>
    runForProject(SEED_KV, checkOptions("seedKvCache", completed), { cacheConfig }),
  );
}

/**
 * @param {import("../index.js").PlanOptions} options
 * @param {CacheConfig} [cacheConfig]
 * @returns {Promise<import("../index.js").SeedPlan>}
 */
export async function planKvSeed(options, cacheConfig) {
  const checked = checkOptions("planKvSeed", options);
  const completed = checked.store === undefined ? checked : withStore(checked);
  return runForProject(PLAN, completed, { cacheConfig });
}

/**
 * @param {import("../index.js").ExportOptions} options
 * @param {CacheConfig} [cacheConfig]
 * @returns {Promise<import("../index.js").SeedExport>}
 */
export async function exportKvSeed(options, cacheConfig) {
  return runForProject(EXPORT, checkOptions("exportKvSeed", options), { cacheConfig });
}
