// What the free plan of Workers KV allows.

/**
 * Operations per day, which begins at 00:00 UTC
 * (https://developers.cloudflare.com/kv/platform/limits/).
 */
export const FREE_PLAN = { reads: 100_000, writes: 1000, deletes: 1000, lists: 1000 };
