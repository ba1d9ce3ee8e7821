// The endpoints of the local API: bulk, list, values and metadata, with Cloudflare's error messages.

import {
  MAX_BULK_BODY_BYTES,
  MAX_BULK_GET_KEYS,
  MAX_VALUE_BYTES,
  Refusal,
  checkExpiration,
  checkKey,
  checkKeys,
  checkList,
  checkPairs,
} from "./limits.js";

/** How many keys are written at a time. More gain nothing: the store writes to one disk. */
const WRITES_AT_A_TIME = 64;

/**
 * What a handler knows of a request.
 * @typedef {object} Call
 * @property {import("./store.js").KvNamespace} namespace
 * @property {URLSearchParams} query
 * @property {string} key the key in the path, if there is one
 * @property {(maxBytes: number) => Promise<Buffer>} body
 * @property {import("./daily-quotas.js").DailyQuotas["spend"]} spend
 */

/**
 * A result to be wrapped in the envelope, or raw bytes.
 * @typedef {{ result: unknown, resultInfo?: object } | { bytes: Buffer }} Answer
 */

/** @type {[method: string, path: RegExp, handler: (call: Call) => Promise<Answer>][]} */
export const ENDPOINTS = [
  ["PUT", /^\/bulk$/, putBulk],
  ["POST", /^\/bulk\/get$/, getBulk],
  ["POST", /^\/bulk\/delete$/, deleteBulk],
  // The older form, which wrangler still uses.
  ["DELETE", /^\/bulk$/, deleteBulk],
  ["GET", /^\/keys$/, listKeys],
  ["GET", /^\/values\/(?<key>.+)$/, getValue],
  ["PUT", /^\/values\/(?<key>.+)$/, putValue],
  ["DELETE", /^\/values\/(?<key>.+)$/, deleteValue],
  ["GET", /^\/metadata\/(?<key>.+)$/, getMetadata],
];

/**
 * @param {Buffer} bytes
 * @param {string} [what]
 */
function parse(bytes, what = "the request body") {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, 10012, `could not parse ${what} as JSON`);
  }
}

/** @param {Call} call */
async function putBulk({ namespace, body, spend }) {
  const pairs = checkPairs(parse(await body(MAX_BULK_BODY_BYTES)));
  spend("writes", pairs.length);
  // The last value of a repeated key wins, as if written in order.
  const last = new Map(pairs.map((pair) => [pair.key, pair]));
  await each([...last.values()], ({ key, value, base64, expiration, expiration_ttl, metadata }) =>
    namespace.put(key, base64 ? Buffer.from(value, "base64") : value, {
      ...(expiration_ttl === undefined ? { expiration } : { expirationTtl: expiration_ttl }),
      metadata,
    }),
  );
  return { result: { successful_key_count: pairs.length, unsuccessful_keys: [] } };
}

/** @param {Call} call */
async function deleteBulk({ namespace, body, spend }) {
  const keys = checkKeys(parse(await body(MAX_BULK_BODY_BYTES)));
  spend("deletes", keys.length);
  await each(keys, (key) => namespace.delete(key));
  return { result: { successful_key_count: keys.length, unsuccessful_keys: [] } };
}

/** @param {Call} call */
async function getBulk({ namespace, body, spend }) {
  const question = parse(await body(MAX_BULK_BODY_BYTES)) ?? {};
  const { keys, type = "text", withMetadata = false } = question;
  const names = checkList(keys, "keys", MAX_BULK_GET_KEYS).map((key) => checkKey(key, "keys"));
  spend("reads", names.length);
  /** @type {Record<string, unknown>} */
  const values = {};
  await each(names, async (name) => {
    const { value, metadata } = await namespace.getWithMetadata(name, "arrayBuffer");
    values[name] = null;
    if (value === null) return;
    const bytes = Buffer.from(value);
    const content = type === "json" ? parse(bytes, `the value of ${name}`) : bytes.toString();
    values[name] = withMetadata ? { value: content, metadata } : content;
  });
  return { result: { values } };
}

/** @param {Call} call */
async function listKeys({ namespace, query, spend }) {
  const limit = Number(query.get("limit") ?? 1000);
  if (!Number.isInteger(limit) || limit < 10 || limit > 1000) {
    throw new Refusal(400, 10012, "limit must be a whole number from 10 to 1000");
  }
  spend("lists");
  const page = await namespace.list({
    limit,
    prefix: query.get("prefix") ?? undefined,
    cursor: query.get("cursor") || undefined,
  });
  // KV returns `null` for a key without metadata; the API omits the member.
  const result = page.keys.map(({ metadata, ...key }) =>
    metadata === null || metadata === undefined ? key : { ...key, metadata },
  );
  const cursor = page.list_complete ? "" : page.cursor;
  return { result, resultInfo: { count: result.length, cursor } };
}

/** @param {Call} call */
async function getValue({ namespace, key, spend }) {
  spend("reads");
  const { value } = await namespace.getWithMetadata(checkKey(key, "key"), "arrayBuffer");
  if (value === null) throw new Refusal(404, 10009, `get: 'key not found'`);
  return { bytes: Buffer.from(value) };
}

/** @param {Call} call */
async function getMetadata({ namespace, key, spend }) {
  spend("reads");
  const { value, metadata } = await namespace.getWithMetadata(checkKey(key, "key"), "arrayBuffer");
  if (value === null) throw new Refusal(404, 10009, `get: 'key not found'`);
  return { result: metadata };
}

/** @param {Call} call */
async function putValue({ namespace, key, query, body, spend }) {
  checkKey(key, "key");
  spend("writes");
  const number = (/** @type {string} */ name) =>
    query.has(name) ? Number(query.get(name)) : undefined;
  const [expiration, ttl] = [number("expiration"), number("expiration_ttl")];
  checkExpiration("query", expiration, ttl);
  await namespace.put(key, await body(MAX_VALUE_BYTES), {
    ...(ttl === undefined ? { expiration } : { expirationTtl: ttl }),
  });
  return { result: null };
}

/** @param {Call} call */
async function deleteValue({ namespace, key, spend }) {
  spend("deletes");
  await namespace.delete(checkKey(key, "key"));
  return { result: null };
}

/**
 * @template T
 * @param {T[]} items
 * @param {(item: T) => Promise<void>} work
 */
async function each(items, work) {
  const queue = items.values();
  const workers = Array.from({ length: WRITES_AT_A_TIME }, async () => {
    for (const item of queue) await work(item);
  });
  await Promise.all(workers);
}
