// A KV namespace in memory, in a separate thread: bulk writes, and lists of a thousand keys with metadata. Its
// `workerData` is the network in between, as options of the sink.

import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parentPort, workerData } from "node:worker_threads";

const KEYS_PER_LIST = 1000;

const { values: network } = parseArgs({
  args: workerData,
  options: {
    "delay-ms": { type: "string", default: "0" },
    "bytes-per-second": { type: "string", default: "Infinity" },
    "fail-percent": { type: "string" },
  },
});

/**
 * What a list says of each key.
 * @type {Map<string, { metadata?: object, expiration?: number }>}
 */
const stored = new Map();
/**
 * The keys of the last list's prefix, in order; a run lists one prefix to its end.
 * @type {{ prefix: string, keys: string[] } | undefined}
 */
let listed;
let lists = 0;

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://x");
  const reply = async (/** @type {object} */ answer) => {
    const text = JSON.stringify({ success: true, errors: [], messages: [], ...answer });
    const wireMs = (text.length / Number(network["bytes-per-second"])) * 1000;
    if (network["delay-ms"] !== "0") await setTimeout(Number(network["delay-ms"]) + wireMs);
    response.setHeader("content-type", "application/json");
    response.end(text);
  };
  if (request.method === "GET") {
    lists += 1;
    const prefix = url.searchParams.get("prefix") ?? "";
    const from = Number(url.searchParams.get("cursor") ?? 0);
    if (listed?.prefix !== prefix) {
      const keys = [...stored.keys()].filter((key) => key.startsWith(prefix));
      listed = { prefix, keys: keys.sort() };
    }
    const { keys } = listed;
    const page = keys.slice(from, from + KEYS_PER_LIST);
    const next = from + KEYS_PER_LIST;
    return reply({
      result: page.map((name) => ({ name, ...stored.get(name) })),
      result_info: { count: page.length, cursor: next < keys.length ? String(next) : "" },
    });
  }
  const body = Buffer.concat(await request.toArray());
  if (url.pathname.endsWith("/bulk")) {
    const now = Math.floor(Date.now() / 1000);
    for (const { key, metadata, expiration_ttl: ttl } of JSON.parse(body.toString())) {
      stored.set(key, { metadata, ...(ttl === undefined ? {} : { expiration: now + ttl }) });
    }
    listed = undefined;
  }
  return reply({ result: null });
});
server.listen(0, "127.0.0.1", () =>
  parentPort?.postMessage({ port: /** @type {any} */ (server.address()).port }),
);
parentPort?.on("message", () => {
  parentPort?.postMessage({ lists });
  lists = 0;
});
