// Data adapters that others have published and that read the KV adapter's JSON: where each keeps it, with its
// own defaults.

/** Those of alchemy, `@alchemy.run/frontend-frameworks/vinext/cache/…`: the file behind each. */
const ADAPTER =
  /(?:^|[\\/])frontend-frameworks[\\/](?:.*[\\/])?vinext[\\/]cache[\\/](redis|s3)-runtime(?:\.[jt]s)?$/u;

/** The variables that they read where their options name none. */
const VARIABLES = { redis: "REDIS_URL", s3: "CACHE_BUCKET_NAME" };

/** What is before the keys of objects where the options do not say. */
const S3_PREFIX = "vinext-cache/";

/**
 * Where a known adapter keeps its entries.
 * @typedef {object} KnownPlace
 * @property {string} title display name of the store
 * @property {string} variable that has the URL or the bucket
 * @property {import("../index.js").StoreOptions} store without what is in the variable
 * @property {number} [ttlSeconds]
 */

/**
 * @param {unknown} data a descriptor, as `cache.data` has it
 * @returns {KnownPlace | undefined} nothing if the adapter is not known
 */
export function placeOfAdapter(data) {
  const { adapter, options } = /** @type {any} */ (data ?? {});
  const [, type] = (typeof adapter === "string" && ADAPTER.exec(adapter)) || [];
  if (type === undefined) return undefined;
  const { urlEnv, bucketEnv, prefix, appPrefix: named, ttlSeconds } = options ?? {};
  const appPrefix = textOr(named, undefined);
  const ttl = typeof ttlSeconds === "number" && ttlSeconds > 0 ? Math.ceil(ttlSeconds) : undefined;
  if (type === "redis") {
    const variable = textOr(urlEnv, VARIABLES.redis);
    const store = /** @type {const} */ ({ type: "redis", urlEnv: variable, appPrefix });
    return { title: "Redis", variable, store, ttlSeconds: ttl };
  }
  const variable = textOr(bucketEnv, VARIABLES.s3);
  const store = /** @type {const} */ ({
    type: "s3",
    bucketEnv: variable,
    prefix: typeof prefix === "string" ? prefix : S3_PREFIX,
    appPrefix,
  });
  return { title: "S3", variable, store, ttlSeconds: ttl };
}

/**
 * @template Default
 * @param {unknown} value
 * @param {Default} otherwise
 * @returns {string | Default}
 */
function textOr(value, otherwise) {
  return typeof value === "string" && value !== "" ? value : otherwise;
}
