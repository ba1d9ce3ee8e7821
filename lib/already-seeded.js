// Whether a namespace already has the entries of a build.

import { optionsFor } from "./options/table.js";
import { planKvSeed } from "./seed-kv-cache.js";
import { ApiError, hasKey } from "./wrangler/cloudflare-api.js";

/**
 * Looks for the largest entries. Visitors after the deploy may have created some of them, but hardly all.
 * @param {import("./wrangler/resolve.js").RemoteTarget} target
 * @param {import("../index.js").ProjectSeedOptions & { root: string }} options
 * @param {import("./cache-config.js").CacheConfig} [cacheConfig]
 * @returns {Promise<boolean>} false, too, where that cannot be found out: seeding twice does no harm
 */
export async function isSeeded(target, options, cacheConfig) {
  const { root, signal } = options;
  const plan = await planKvSeed({ ...optionsFor("planKvSeed", options), root }, cacheConfig);
  if (plan.skipped !== undefined || plan.largestEntries.length === 0) return false;
  const { apiBaseUrl: baseUrl, apiToken: token, accountId, namespaceId } = target;
  const api = { baseUrl, token, tokenSource: target.tokenSource, signal };
  try {
    const found = await Promise.all(
      plan.largestEntries.map(({ key }) => hasKey(api, accountId, namespaceId, key)),
    );
    return found.every(Boolean);
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}
