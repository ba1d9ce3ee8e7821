// A local Cloudflare KV API on loopback, over real KV. It injects no faults.

import { createServer } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DailyQuotas } from "./daily-quotas.js";
import { ENDPOINTS } from "./endpoints.js";
import { Refusal } from "./limits.js";
import { KvStore } from "./store.js";

export { FREE_PLAN } from "../kv-free-plan.js";

/** The base path of Cloudflare's API. */
const API_PATH = "/client/v4";

/**
 * @typedef {object} LocalApiOptions
 * @property {string} persistTo wrangler's `--persist-to` directory, such as `.wrangler/state`
 * @property {string[]} namespaceIds the namespaces that exist
 * @property {string} apiToken the token that requests must carry
 * @property {string} [root] a project, whose own Miniflare is used; default: the current directory
 * @property {number} [port] default: any that is free
 * @property {Partial<Record<import("./daily-quotas.js").Operation, number>>} [dailyQuotas] how many reads,
 *   writes, deletes and lists a day has, counted since the start; default: no limits. `FREE_PLAN` has those
 *   of the free plan
 */

/**
 * @typedef {object} LocalApi
 * @property {string} baseUrl what `apiBaseUrl` and CLOUDFLARE_API_BASE_URL take
 * @property {() => Promise<void>} close stops the server and its workerd
 */

const NAMESPACE_PATH =
  /^\/accounts\/[^/]+\/storage\/kv\/namespaces(?:\/(?<id>[^/]+)(?<rest>\/.*))?$/;

/**
 * Starts the API.
 * @param {LocalApiOptions} options
 * @returns {Promise<LocalApi>}
 */
export async function startLocalApi(options) {
  const { persistTo, namespaceIds, apiToken, root = ".", port = 0, dailyQuotas } = options;
  const quotas = new DailyQuotas(dailyQuotas);
  const store = await KvStore.open({ persistTo, namespaceIds, root });
  const server = createServer((request, response) => {
    answer({ store, quotas, apiToken }, request)
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
 * @param {{ store: KvStore, quotas: DailyQuotas, apiToken: string }} api
 * @param {import("node:http").IncomingMessage} request
 */
async function answer({ store, quotas, apiToken }, request) {
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
  const namespace = await store.namespace(decoded(place.id, url));
  if (namespace === undefined) {
    throw new Refusal(404, 10013, "namespace not found");
  }
  for (const [method, path, handler] of ENDPOINTS) {
    const match = path.exec(place.rest ?? "");
    if (match !== null && method === request.method) {
      const key = decoded(match.groups?.key ?? "", url);
      const body = (/** @type {number} */ maxBytes) => read(request, maxBytes);
      const spend = quotas.spend.bind(quotas);
      const result = await handler({ namespace, query: url.searchParams, key, body, spend });
      return "bytes" in result
        ? { status: 200, type: "application/octet-stream", content: result.bytes }
        : envelope(result);
    }
  }
  throw noRoute(url);
}

/**
 * @param {string} part of a path
 * @param {URL} url
 */
function decoded(part, url) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw noRoute(url);
  }
}

/** @param {URL} url */
function noRoute(url) {
  return new Refusal(
    404,
    7003,
    `Could not route to ${url.pathname}, perhaps your object identifier is invalid?`,
  );
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
    // This error comes from the gateway before the API, which does not return JSON.
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
    // Keep reading, so that the client sees the answer, but discard the data.
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  if (bytes > maxBytes) throw new Refusal(413, 0, "");
  return decompressed(Buffer.concat(chunks), request.headers["content-encoding"], maxBytes);
}

/**
 * Decompresses a body, within the same limit.
 * @param {Buffer} body
 * @param {string | undefined} encoding
 * @param {number} maxBytes
 */
async function decompressed(body, encoding, maxBytes) {
  if (encoding === undefined || encoding === "identity") return body;
  if (encoding !== "gzip") {
    throw new Refusal(415, 10012, "the content-encoding of a request is gzip or none");
  }
  try {
    return await promisify(gunzip)(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (/** @type {any} */ (error).code === "ERR_BUFFER_TOO_LARGE") throw new Refusal(413, 0, "");
    throw new Refusal(400, 10012, "could not decompress the request body");
  }
}
