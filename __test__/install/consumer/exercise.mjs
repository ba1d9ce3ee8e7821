// Seeds a page, and says what the API was sent.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";

/** @param {Pick<typeof import("@vinext/seed-native"), "explainRoute" | "seedKvCache">} api */
export async function exercise({ explainRoute, seedKvCache }) {
  const runtime = { vinext: "1.4.0" };
  const { html } = explainRoute({ route: "/about", buildId: "a-build", runtime });

  /** @type {string[]} */
  const keys = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    // Nothing is stored yet; the record of the build is no entry.
    const isEntries = request.method === "PUT" && request.url?.endsWith("/bulk");
    if (isEntries)
      keys.push(...JSON.parse(body).map((/** @type {{ key: string }} */ { key }) => key));
    const result = request.method === "GET" ? [] : null;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const root = mkdtempSync(path.join(os.tmpdir(), "seed-native-consumer-"));
  try {
    const pages = path.join(root, "dist", "server", "prerendered-routes");
    mkdirSync(pages, { recursive: true });
    writeFileSync(path.join(pages, "about.html"), "<!doctype html><title>About</title>");
    writeFileSync(path.join(pages, "about.rsc"), `0:{"page:/about":"$L1"}\n1:"About"\n`);
    const manifest = {
      buildId: "a-build",
      trailingSlash: false,
      routes: [{ route: "/about", status: "rendered", revalidate: false, router: "app" }],
    };
    const file = path.join(root, "dist", "server", "vinext-prerender.json");
    writeFileSync(file, JSON.stringify(manifest));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    const { seededRoutes } = await seedKvCache({
      root,
      accountId: "0123456789abcdef0123456789abcdef",
      namespaceId: "fedcba9876543210fedcba9876543210",
      apiToken: "a-token",
      apiBaseUrl: `http://127.0.0.1:${port}/client/v4`,
      runtime,
    });
    return { explained: html.kvKey, keys: keys.sort(), seededRoutes };
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(root, { recursive: true, force: true });
  }
}
