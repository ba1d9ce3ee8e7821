// The addon's functions, with their options completed from the project.

import {
  exportKvSeed as exportNatively,
  planKvSeed as planNatively,
  seedKvCache as seedNatively,
} from "./binding.js";
import { runForProject } from "./project.js";
import { withStore } from "./seed-cache.js";

/** @typedef {import("./cache-config.js").CacheConfig} CacheConfig */

/**
 * @param {import("../index.js").SeedOptions} options
 * @param {CacheConfig} [known] what the Vite configuration says, if it has been read already
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export function seedKvCache(options, known) {
  return runForProject(seedNatively, options, known);
}

/**
 * @param {import("../index.js").PlanOptions} options
 * @param {CacheConfig} [known]
 * @returns {Promise<import("../index.js").SeedPlan>}
 */
export async function planKvSeed(options, known) {
  const isForStore = (options?.store ?? undefined) !== undefined;
  const completed = isForStore ? withStore(options) : options;
  return runForProject(planNatively, completed, known);
}

/**
 * @param {import("../index.js").ExportOptions} options
 * @param {CacheConfig} [known]
 * @returns {Promise<import("../index.js").SeedExport>}
 */
export function exportKvSeed(options, known) {
  return runForProject(exportNatively, options, known);
}
