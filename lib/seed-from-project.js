// `seedFromProject`: one call for a deploy script. It does not reject unless `strict` is set, so
// the deploy continues.

import path from "node:path";
import { isSeeded } from "./already-seeded.js";
import { seedLocally } from "./local-seed.js";
import { NOTHING_SEEDED, SEED_KV } from "./native-calls.js";
import { checkOptions } from "./options/check.js";
import { prerenderHint } from "./prerender-hint.js";
import { examine, hasManifest, runForProject } from "./project.js";
import { seedCache } from "./seed-cache.js";
import { seedKvCache } from "./seed-kv-cache.js";
import { storeOfSite, storeWithConfig } from "./store-of-project.js";
import { strictError } from "./strict.js";
import { targetOfProject } from "./wrangler/of-project.js";

/** @typedef {import("../index.js").SeedResult} SeedResult */
/** @typedef {import("../index.js").ProjectSeedResult} ProjectSeedResult */

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
    return { ...(report ?? NOTHING_SEEDED), failure };
  }
}

/**
 * Seeds a store that is not Workers KV.
 * @param {string} root
 * @param {import("../index.js").ProjectSeedOptions} options
 * @param {import("./cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @param {import("./project.js").Skip} [skip] a reason to seed nothing
 * @returns {Promise<ProjectSeedResult>}
 */
async function seedInto(root, options, known, skip) {
  const store = /** @type {import("../index.js").StoreOptions | string} */ (options.store);
  const { shown, cacheConfig } = await storeWithConfig(store, { ...options, root }, known);
  const result = await seedCache({ ...options, root, store }, cacheConfig, skip);
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
    return { ...NOTHING_SEEDED, skipped, skippedCode: "switched-off" };
  }
  const root = path.resolve(checked.root ?? ".");
  if (checked.store !== undefined) return seedInto(root, checked);
  if (!hasManifest(root)) {
    const findings = await examine({ ...checked, root });
    // If nothing is skipped, the manifest has just been written.
    if (findings.skipped !== undefined) {
      findings.skippedDetail ??= await prerenderHint(root, checked.signal);
      return { ...NOTHING_SEEDED, ...findings };
    }
  }
  const { site, cacheConfig: read } = await storeOfSite({ ...checked, root });
  if (site !== undefined) {
    const { store, ttlSeconds, skip } = site;
    const result = await seedInto(root, { ttlSeconds, ...checked, store }, read, skip);
    return skip === undefined ? result : { ...result, target: undefined };
  }
  const { cacheConfig, target } = await targetOfProject({ ...checked, root }, read);
  if ("code" in target) {
    const { code, reason } = target;
    // A run that is skipped needs no namespace.
    const options = /** @type {any} */ ({ ...checked, root });
    return runForProject(SEED_KV, options, { cacheConfig, skip: { code, reason } });
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
    return { ...NOTHING_SEEDED, skipped, skippedCode: "already-seeded", target: where };
  }
  const result = await seedKvCache({ ...checked, root, ...remote }, cacheConfig);
  return { ...result, target: { accountId: target.accountId, ...place } };
}
