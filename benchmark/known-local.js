// The local KV API with a real KV namespace, in a separate thread, behind a proxy that counts calls that list. Its
// `workerData` names a directory for the namespace.

import { createServer, request as send } from "node:http";
import { pipeline } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { startLocalApi } from "../lib/local-api/server.js";

const { persistTo, apiToken, namespaceId } = workerData;

const api = await startLocalApi({ persistTo, namespaceIds: [namespaceId], apiToken });
let lists = 0;

const server = createServer((request, response) => {
  const { method, headers, url = "/" } = request;
  if (method === "GET" && /\/keys\?/u.test(url)) lists += 1;
  const passed = send(`${api.baseUrl}${url}`, { method, headers }, (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    pipeline(reply, response, () => {});
  });
  passed.on("error", () => response.destroy());
  request.pipe(passed);
});
server.listen(0, "127.0.0.1", () =>
  parentPort?.postMessage({ port: /** @type {any} */ (server.address()).port }),
);
parentPort?.on("message", async (message) => {
  if (message === "stop") {
    server.close();
    await api.close();
    parentPort?.postMessage({ lists });
    return;
  }
  parentPort?.postMessage({ lists });
  lists = 0;
});
