// Seeding the KV that `wrangler dev` and `vite preview` read on this machine.
//
// In: a directory and a namespace. Out: what `seedKvCache` says.
// Never: a request that leaves this machine.

import { randomUUID } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { startLocalApi } from "./local-api/server.js";
import { seedKvCache } from "./seed-kv-cache.js";

/**
 * @param {import("./wrangler/resolve.js").LocalTarget} target
 * @param {Omit<import("../index.js").SeedOptions, "accountId" | "namespaceId" | "apiToken">} options
 * @param {import("./cache-config.js").CacheConfig} [cacheConfig]
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedLocally({ persistTo, namespaceId }, options, cacheConfig) {
  // Miniflare's own words for it do not name the directory.
  try {
    mkdirSync(persistTo, { recursive: true });
    accessSync(persistTo, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { message } = /** @type {Error} */ (cause);
    throw failure("LOCAL_STATE_UNWRITABLE", `cannot write ${persistTo}: ${message}`, cause);
  }
  const apiToken = randomUUID();
  const namespaceIds = [namespaceId];
  const starting = startLocalApi({ persistTo, namespaceIds, apiToken, root: options.root });
  const api = await starting.catch((cause) => {
    throw failure("LOCAL_KV_UNAVAILABLE", `cannot open the local KV: ${cause.message}`, cause);
  });
  try {
    return await seedKvCache(
      { ...options, accountId: "local", namespaceId, apiToken, apiBaseUrl: api.baseUrl },
      cacheConfig,
    );
  } finally {
    await api.close();
  }
}

/**
 * @param {string} code
 * @param {string} message
 * @param {unknown} cause
 */
function failure(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { code });
}
