// Checks request bodies against the limits of Workers KV, as strictly as Cloudflare's API does.
//
// A request that succeeds here must not fail in production. The figures are
// Cloudflare's: https://developers.cloudflare.com/kv/platform/limits/ and the API reference of the bulk
// endpoints.

/** Pairs, or names, in one bulk request. */
const MAX_BULK_PAIRS = 10_000;

/** Bytes of one bulk request ("100 megabytes"). */
export const MAX_BULK_BODY_BYTES = 100_000_000;

/** Names in one bulk read. */
export const MAX_BULK_GET_KEYS = 100;

/** UTF-8 bytes of a key. */
const MAX_KEY_BYTES = 512;

/** Bytes of a value: 25 MiB. */
export const MAX_VALUE_BYTES = 25 * 1024 * 1024;

/** Bytes of serialised metadata. */
const MAX_METADATA_BYTES = 1024;

/** Minimum TTL in seconds. */
const MIN_TTL_SECONDS = 60;
/** Maximum TTL in seconds; workerd rejects more: 2³¹ − 1. */
const MAX_TTL_SECONDS = 2_147_483_647;

/**
 * A request that the API rejects. The codes are from Cloudflare's ranges:
 * 10000 authentication, 10009 keys, 10012 bodies, 10013 namespaces, 10022 pairs, 10030 sizes.
 */
export class Refusal extends Error {
  /**
   * @param {number} status the HTTP status
   * @param {number} code Cloudflare's error code
   * @param {string} message Cloudflare's style of message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * One pair of a bulk write.
 * @typedef {object} Pair
 * @property {string} key
 * @property {string} value
 * @property {boolean} [base64] whether `value` is base64 of the bytes to store
 * @property {number} [expiration] seconds since the epoch
 * @property {number} [expiration_ttl] seconds from now; wins over `expiration`
 * @property {unknown} [metadata]
 */

const PAIR_MEMBERS = new Set([
  "key",
  "value",
  "base64",
  "expiration",
  "expiration_ttl",
  "metadata",
]);

/**
 * Checks the body of a bulk write.
 * @param {unknown} body
 * @returns {Pair[]}
 */
export function checkPairs(body) {
  const pairs = checkList(body, "key-value pairs", MAX_BULK_PAIRS);
  return pairs.map(checkPair);
}

/**
 * Checks the body of a bulk delete.
 * @param {unknown} body
 * @returns {string[]}
 */
export function checkKeys(body) {
  return checkList(body, "keys", MAX_BULK_PAIRS).map((key, index) => checkKey(key, `[${index}]`));
}

/**
 * @param {unknown} body
 * @param {string} what
 * @param {number} max
 * @returns {unknown[]}
 */
export function checkList(body, what, max) {
  if (!Array.isArray(body)) {
    throw new Refusal(400, 10012, `request body must be an array of ${what}`);
  }
  if (body.length === 0 || body.length > max) {
    throw new Refusal(400, 10030, `request has ${body.length} ${what}, must have 1 to ${max}`);
  }
  return body;
}

/**
 * @param {unknown} key
 * @param {string} where
 * @returns {string}
 */
export function checkKey(key, where) {
  if (typeof key !== "string" || key === "" || key === "." || key === "..") {
    throw new Refusal(400, 10022, `${where}: key must be a string other than "", "." and ".."`);
  }
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) {
    const limit = `exceeds key length limit of ${MAX_KEY_BYTES}`;
    throw new Refusal(414, 10030, `${where}: UTF-8 encoded length of ${bytes} ${limit}`);
  }
  return key;
}

/**
 * @param {unknown} pair
 * @param {number} index
 * @returns {Pair}
 */
function checkPair(pair, index) {
  const where = `[${index}]`;
  if (typeof pair !== "object" || pair === null || Array.isArray(pair)) {
    throw new Refusal(400, 10022, `${where}: must be an object`);
  }
  const unknown = Object.keys(pair).find((member) => !PAIR_MEMBERS.has(member));
  if (unknown !== undefined) {
    throw new Refusal(400, 10022, `${where}: unknown member ${JSON.stringify(unknown)}`);
  }
  const { key, value, base64, expiration, expiration_ttl, metadata } = /** @type {Pair} */ (pair);
  checkKey(key, where);
  if (typeof value !== "string") {
    throw new Refusal(400, 10022, `${where}: value must be a string`);
  }
  const bytes = base64 ? Buffer.byteLength(value, "base64") : Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) {
    throw new Refusal(413, 10030, `${where}: value of ${bytes} bytes exceeds ${MAX_VALUE_BYTES}`);
  }
  checkExpiration(where, expiration, expiration_ttl);
  if (metadata !== undefined) {
    const metadataBytes = Buffer.byteLength(JSON.stringify(metadata));
    if (metadataBytes > MAX_METADATA_BYTES) {
      const limit = `exceeds ${MAX_METADATA_BYTES}`;
      throw new Refusal(413, 10030, `${where}: metadata of ${metadataBytes} bytes ${limit}`);
    }
  }
  return /** @type {Pair} */ (pair);
}

/**
 * @param {string} where
 * @param {unknown} expiration
 * @param {unknown} ttl
 */
export function checkExpiration(where, expiration, ttl) {
  for (const [name, value] of Object.entries({ expiration, expiration_ttl: ttl })) {
    if (value !== undefined && !Number.isInteger(value)) {
      throw new Refusal(400, 10022, `${where}: ${name} must be a whole number of seconds`);
    }
  }
  const now = Math.floor(Date.now() / 1000);
  const soonest = now + MIN_TTL_SECONDS;
  if ((ttl === undefined ? Number(expiration ?? 0) - now : Number(ttl)) > MAX_TTL_SECONDS) {
    const most = `must be at most ${MAX_TTL_SECONDS} seconds from now`;
    throw new Refusal(400, 10022, `${where}: expiration ${most}`);
  }
  const isTooSoon =
    ttl === undefined ? Number(expiration) < soonest : Number(ttl) < MIN_TTL_SECONDS;
  if (isTooSoon) {
    const least = `must be at least ${MIN_TTL_SECONDS} seconds from now`;
    throw new Refusal(400, 10022, `${where}: expiration ${least}`);
  }
}
