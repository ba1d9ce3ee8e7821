// The lines that vinext's own deploy would have, called from a throwaway copy of it.
//
// In: what that deploy knows at this place. Out: a line on standard output.
// Never: a rejection; a deploy goes on.

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
