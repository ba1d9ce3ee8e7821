// A local Cloudflare KV API: the bulk, list and value endpoints, on loopback, over real KV.
//
// In: HTTP requests as Cloudflare's API takes them. Out: Cloudflare's envelope.
// Never: a connection from another machine, and never a fault on purpose. It is there to be
// written to and read from; what goes wrong on real networks is tested elsewhere.

import { createServer } from "node:http";
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
import { KvStore } from "./store.js";

/** How many keys are written at a time. More gain nothing: the store writes to one disk. */
const WRITES_AT_A_TIME = 64;

/** The path of Cloudflare's API. */
const API_PATH = "/client/v4";

/**
 * @typedef {object} LocalApiOptions
 * @property {string} persistTo wrangler's `--persist-to` directory, such as `.wrangler/state`
 * @property {string[]} namespaceIds the namespaces that exist
 * @property {string} apiToken the token that requests must carry
 * @property {string} [root] a project, whose own Miniflare is used; default: the current directory
 * @property {number} [port] default: any that is free
 */

/**
 * @typedef {object} LocalApi
 * @property {string} baseUrl what `apiBaseUrl` and CLOUDFLARE_API_BASE_URL take
 * @property {() => Promise<void>} close stops the server and its workerd
 */

/**
 * What a handler knows of a request.
 * @typedef {object} Call
 * @property {import("./store.js").KvNamespace} namespace
 * @property {URLSearchParams} query
 * @property {string} key the key in the path, if there is one
 * @property {(maxBytes: number) => Promise<Buffer>} body
 */

/**
 * A result to be wrapped in the envelope, or raw bytes.
 * @typedef {{ result: unknown, resultInfo?: object } | { bytes: Buffer }} Answer
 */

/** @type {[method: string, path: RegExp, handler: (call: Call) => Promise<Answer>][]} */
const ROUTES = [
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

const NAMESPACE_PATH = /^\/accounts\/[^/]+\/storage\/kv\/namespaces(?:\/(?<id>[^/]+)(?<rest>\/.*))?$/;

/**
 * Starts the API.
 * @param {LocalApiOptions} options
 * @returns {Promise<LocalApi>}
 */
export async function startLocalApi({ persistTo, namespaceIds, apiToken, root = ".", port = 0 }) {
  const store = await KvStore.open({ persistTo, namespaceIds, root });
  const server = createServer((request, response) => {
    answer(store, apiToken, request)
      .catch(refuse)
      .then(({ status, type, content }) => {
        response.writeHead(status, { "content-type": type }).end(content);
      });
  });
  try {
    await new Promise((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", () => resolve(undefined));
    });
  } catch (error) {
    await store.close();
    throw error;
  }
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    baseUrl: `http://127.0.0.1:${address.port}${API_PATH}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await store.close();
    },
  };
}

/**
 * @param {KvStore} store
 * @param {string} apiToken
 * @param {import("node:http").IncomingMessage} request
 */
async function answer(store, apiToken, request) {
  if (request.headers.authorization !== `Bearer ${apiToken}`) {
    throw new Refusal(401, 10000, "Authentication error");
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const place = NAMESPACE_PATH.exec(url.pathname.slice(API_PATH.length))?.groups;
  if (!url.pathname.startsWith(`${API_PATH}/`) || place === undefined) {
    throw noRoute(url);
  }
  if (place.id === undefined) {
    const result = store.namespaceIds.map((id) => ({ id, title: id }));
    return envelope({ result, resultInfo: { page: 1, per_page: 100, count: result.length } });
  }
  const namespace = await store.namespace(decodeURIComponent(place.id));
  if (namespace === undefined) {
    throw new Refusal(404, 10013, "namespace not found");
  }
  for (const [method, path, handler] of ROUTES) {
    const match = path.exec(place.rest ?? "");
    if (match !== null && method === request.method) {
      const key = decodeURIComponent(match.groups?.key ?? "");
      const body = (/** @type {number} */ maxBytes) => read(request, maxBytes);
      const result = await handler({ namespace, query: url.searchParams, key, body });
      return "bytes" in result
        ? { status: 200, type: "application/octet-stream", content: result.bytes }
        : envelope(result);
    }
  }
  throw noRoute(url);
}

/** @param {URL} url */
function noRoute(url) {
  return new Refusal(404, 7003, `Could not route to ${url.pathname}, perhaps your object identifier is invalid?`);
}

/** @param {{ result: unknown, resultInfo?: object }} answer */
function envelope({ result, resultInfo }) {
  const content = JSON.stringify({
    success: true,
    errors: [],
    messages: [],
    result,
    ...(resultInfo === undefined ? {} : { result_info: resultInfo }),
  });
  return { status: 200, type: "application/json", content };
}

/** @param {unknown} error */
function refuse(error) {
  if (error instanceof Refusal && error.status === 413 && error.code === 0) {
    // This one comes from the gateway before the API, which does not speak JSON.
    const content = "<html><head><title>413 Request Entity Too Large</title></head></html>";
    return { status: 413, type: "text/html", content };
  }
  const { status, code, message } =
    error instanceof Refusal ? error : new Refusal(500, 10001, String(error));
  const content = JSON.stringify({
    success: false,
    errors: [{ code, message }],
    messages: [],
    result: null,
  });
  return { status, type: "application/json", content };
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {number} maxBytes
 */
async function read(request, maxBytes) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Read on, so that the client gets to see the answer, but keep nothing more.
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  if (bytes > maxBytes) throw new Refusal(413, 0, "");
  return Buffer.concat(chunks);
}

/** @param {Buffer} body */
function parse(body) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal(400, 10012, "could not parse the request body as JSON");
  }
}

/** @param {Call} call */
async function putBulk({ namespace, body }) {
  const pairs = checkPairs(parse(await body(MAX_BULK_BODY_BYTES)));
  // Of a key that stands twice the last value stays, as if they were written in order.
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
async function deleteBulk({ namespace, body }) {
  const keys = checkKeys(parse(await body(MAX_BULK_BODY_BYTES)));
  await each(keys, (key) => namespace.delete(key));
  return { result: { successful_key_count: keys.length, unsuccessful_keys: [] } };
}

/** @param {Call} call */
async function getBulk({ namespace, body }) {
  const { keys, type = "text", withMetadata = false } = parse(await body(MAX_BULK_BODY_BYTES));
  const names = checkList(keys, "keys", MAX_BULK_GET_KEYS).map((key) => checkKey(key, "keys"));
  /** @type {Record<string, unknown>} */
  const values = {};
  await each(names, async (name) => {
    const { value, metadata } = await namespace.getWithMetadata(name, "arrayBuffer");
    const text = value === null ? null : Buffer.from(value).toString();
    const content = text !== null && type === "json" ? JSON.parse(text) : text;
    values[name] = withMetadata && value !== null ? { value: content, metadata } : content;
  });
  return { result: { values } };
}

/** @param {Call} call */
async function listKeys({ namespace, query }) {
  const limit = Number(query.get("limit") ?? 1000);
  if (!Number.isInteger(limit) || limit < 10 || limit > 1000) {
    throw new Refusal(400, 10012, "limit must be a whole number from 10 to 1000");
  }
  const page = await namespace.list({
    limit,
    prefix: query.get("prefix") ?? undefined,
    cursor: query.get("cursor") || undefined,
  });
  // KV gives `null` for a key without metadata; the API leaves the member out.
  const result = page.keys.map(({ metadata, ...key }) =>
    metadata === null || metadata === undefined ? key : { ...key, metadata },
  );
  const cursor = page.list_complete ? "" : page.cursor;
  return { result, resultInfo: { count: result.length, cursor } };
}

/** @param {Call} call */
async function getValue({ namespace, key }) {
  const { value } = await namespace.getWithMetadata(checkKey(key, "key"), "arrayBuffer");
  if (value === null) throw new Refusal(404, 10009, `get: 'key not found'`);
  return { bytes: Buffer.from(value) };
}

/** @param {Call} call */
async function getMetadata({ namespace, key }) {
  const { value, metadata } = await namespace.getWithMetadata(checkKey(key, "key"), "arrayBuffer");
  if (value === null) throw new Refusal(404, 10009, `get: 'key not found'`);
  return { result: metadata };
}

/** @param {Call} call */
async function putValue({ namespace, key, query, body }) {
  checkKey(key, "key");
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
async function deleteValue({ namespace, key }) {
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
