// The addon's functions, with their options completed from the project.

import {
  exportKvSeed as exportNatively,
  planKvSeed as planNatively,
  seedKvCache as seedNatively,
} from "./binding.js";
import { checkOptions } from "./options/check.js";
import { runWithPages } from "./pages.js";
import { runForProject } from "./project.js";
import { withStore } from "./seed-cache.js";

/** @typedef {import("./cache-config.js").CacheConfig} CacheConfig */

/** Where nothing is sent to, because there is a reason not to. */
const NOWHERE = { accountId: "none", namespaceId: "none", apiToken: "none" };

/**
 * @param {import("../index.js").SeedOptions} options
 * @param {CacheConfig} [known] what the Vite configuration says, if it has been read already
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedKvCache(options, known) {
  return runWithPages(options, (completed) =>
    runForProject(seedNatively, checkOptions("seedKvCache", completed), known),
  );
}

/**
 * Examines the build all the same, and then seeds nothing, for a reason.
 * @param {Omit<import("../index.js").SeedOptions, "accountId" | "namespaceId" | "apiToken">} options
 * @param {{ code: string, reason: string } | undefined} refusal
 * @param {CacheConfig} [known]
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function skipSeeding(options, refusal, known) {
  const checked = checkOptions("seedKvCache", { ...options, ...NOWHERE });
  return runForProject(seedNatively, { ...checked, refusal }, known);
}

/**
 * @param {import("../index.js").PlanOptions} options
 * @param {CacheConfig} [known]
 * @returns {Promise<import("../index.js").SeedPlan>}
 */
export async function planKvSeed(options, known) {
  const checked = checkOptions("planKvSeed", options);
  const completed = checked.store === undefined ? checked : withStore(checked);
  return runForProject(planNatively, completed, known);
}

/**
 * @param {import("../index.js").ExportOptions} options
 * @param {CacheConfig} [known]
 * @returns {Promise<import("../index.js").SeedExport>}
 */
export async function exportKvSeed(options, known) {
  return runForProject(exportNatively, checkOptions("exportKvSeed", options), known);
}
