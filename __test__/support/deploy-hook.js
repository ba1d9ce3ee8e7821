// The call that vinext's own deploy would make, run from a throwaway copy of it.

import { seedFromProject } from "../../index.js";

/**
 * @param {string} root
 * @param {string | undefined} env
 * @param {{ noSeedCache?: boolean }} [options]
 */
export async function seedOnDeploy(root, env, { noSeedCache } = {}) {
  const result = await seedFromProject({ root, env, noSeedCache, allowUnprovenRoutes: true });
  const { seededRoutes, kvPairsUploaded, skipped, failure } = result;
  const outcome =
    failure?.message ?? skipped ?? `${seededRoutes} routes, ${kvPairsUploaded} entries`;
  console.log(`  KV cache: ${outcome}`);
}
