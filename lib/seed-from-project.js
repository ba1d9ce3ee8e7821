// `seedFromProject`: one call for a deploy script. It does not reject unless `strict` is set, so
// the deploy continues.

import path from "node:path";
import { isSeeded } from "./already-seeded.js";
import { seedLocally } from "./local-seed.js";
import { checkOptions } from "./options/check.js";
import { prerenderHint } from "./prerender-hint.js";
import { hasManifest } from "./project.js";
import { seedCache } from "./seed-cache.js";
import { seedKvCache, skipSeeding } from "./seed-kv-cache.js";
import { storeOfSite, storeWithConfig } from "./store-of-project.js";
import { strictError } from "./strict.js";
import { targetOfProject } from "./wrangler/of-project.js";

/** @typedef {import("../index.js").SeedResult} SeedResult */
/** @typedef {import("../index.js").ProjectSeedResult} ProjectSeedResult */

/**
 * The result of a skipped run.
 * @type {SeedResult}
 */
export const NOTHING_DONE = {
  routes: 0,
  seededRoutes: 0,
  kvPairsPlanned: 0,
  kvPairsUploaded: 0,
  kvPairsUnchanged: 0,
  kvPairsNotStored: 0,
  notStored: [],
  durationMs: 0,
  bytesUploaded: 0,
  batches: 0,
  retries: 0,
  routesNotReached: 0,
  routesSkipped: [],
  routesSkippedTotal: 0,
  skippedReasons: [],
  warnings: [],
};

/**
 * @param {import("../index.js").ProjectSeedOptions} [options]
 * @returns {Promise<ProjectSeedResult>}
 */
export async function seedFromProject(options = {}) {
  const { strict = false } = options ?? {};
  try {
    const result = await seed(options ?? {});
    const problem = strict ? strictError(result) : undefined;
    if (problem !== undefined) {
      throw Object.assign(new Error(problem.message), { code: problem.code, report: result });
    }
    return result;
  } catch (error) {
    if (strict) throw error;
    const { code, message = String(error), report } = /** @type {any} */ (error ?? {});
    const failure = { code: typeof code === "string" ? code : "UNKNOWN", message };
    return { ...(report ?? NOTHING_DONE), failure };
  }
}

/**
 * Seeds a store that is not Workers KV.
 * @param {string} root
 * @param {import("../index.js").ProjectSeedOptions} options
 * @param {import("./cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @param {{ code: string, reason: string }} [refusal] why nothing is to be seeded
 * @returns {Promise<ProjectSeedResult>}
 */
async function seedInto(root, options, known, refusal) {
  const store = /** @type {import("../index.js").StoreOptions | string} */ (options.store);
  const { shown, cacheConfig } = await storeWithConfig(store, { ...options, root }, known);
  const result = await seedCache({ ...options, root, store }, cacheConfig, refusal);
  if (result.skippedCode === "no-manifest") {
    result.skippedDetail ??= await prerenderHint(root, options.signal);
  }
  return { ...result, target: { store: shown } };
}

/**
 * @param {import("../index.js").ProjectSeedOptions} options
 * @returns {Promise<ProjectSeedResult>}
 */
async function seed(options) {
  const checked = checkOptions("seedFromProject", options);
  if (checked.noSeedCache) {
    const skipped = "seeding is disabled (`noSeedCache`)";
    return { ...NOTHING_DONE, skipped, skippedCode: "switched-off" };
  }
  const root = path.resolve(checked.root ?? ".");
  if (checked.store !== undefined) return seedInto(root, checked);
  if (!hasManifest(root)) {
    const result = await skipSeeding({ ...checked, root }, undefined);
    return {
      ...result,
      skippedDetail: result.skippedDetail ?? (await prerenderHint(root, checked.signal)),
    };
  }
  const { site, cacheConfig: read } = await storeOfSite({ ...checked, root });
  if (site !== undefined) {
    const { store, ttlSeconds, refusal } = site;
    const result = await seedInto(root, { ttlSeconds, ...checked, store }, read, refusal);
    return refusal === undefined ? result : { ...result, target: undefined };
  }
  const { cacheConfig, target } = await targetOfProject({ ...checked, root }, read);
  if ("code" in target) {
    const { code, reason } = target;
    return skipSeeding({ ...checked, root }, { code, reason }, cacheConfig);
  }
  const { binding: foundBinding, configPath } = target;
  const place = { namespaceId: target.namespaceId, binding: foundBinding, configPath };
  if ("persistTo" in target) {
    const result = await seedLocally(target, { ...checked, root }, cacheConfig);
    result.warnings.push(...target.warnings);
    return { ...result, target: { ...place, persistTo: target.persistTo } };
  }
  const remote = {
    accountId: target.accountId,
    namespaceId: target.namespaceId,
    apiToken: target.apiToken,
    apiBaseUrl: target.apiBaseUrl,
  };
  if (checked.afterDeploy && (await isSeeded(target, { ...checked, root }, cacheConfig))) {
    const skipped = "the namespace already has this build's entries";
    const where = { accountId: target.accountId, ...place };
    return { ...NOTHING_DONE, skipped, skippedCode: "already-seeded", target: where };
  }
  const result = await seedKvCache({ ...checked, root, ...remote }, cacheConfig);
  return { ...result, target: { accountId: target.accountId, ...place } };
}
