// Records which hosts wrangler's HTTP client connects without a proxy, for the engine's test.
//
// `node scripts/record-no-proxy.js` writes crates/vinext-seed/tests/data/vectors/no-proxy.json. It asks
// the `EnvHttpProxyAgent` of the undici that is installed with the example's wrangler.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";

const FILE = new URL("../crates/vinext-seed/tests/data/vectors/no-proxy.json", import.meta.url);
const require = createRequire(new URL("../example/package.json", import.meta.url));
const { EnvHttpProxyAgent, request } = require("undici");
const { version } = require("undici/package.json");

const URLS = [
  "https://api.cloudflare.com/client/v4",
  "https://api.cloudflare.com:8443/client/v4",
  "https://API.Cloudflare.com/client/v4",
  "https://notcloudflare.com/client/v4",
  "http://localhost:8787/client/v4",
  "https://127.0.0.1:8443/client/v4",
];

const VALUES = [
  "",
  "*",
  "api.cloudflare.com",
  "API.CLOUDFLARE.COM",
  "cloudflare.com",
  ".cloudflare.com",
  "*.cloudflare.com",
  "*.com",
  "com",
  "loudflare.com",
  "api.cloudflare.com:443",
  "api.cloudflare.com:8443",
  "cloudflare.com:443",
  "*.cloudflare.com:443",
  "localhost",
  "localhost:8787",
  "localhost:1",
  "127.0.0.1",
  "127.0.0.1:8443",
  "other.example,api.cloudflare.com",
  "other.example, api.cloudflare.com",
  "other.example  api.cloudflare.com",
  " ,, api.cloudflare.com ,",
  "other.example\tlocalhost",
  "other.example",
  "api.cloudflare.com.evil.example",
];

const server = createServer((socket) => socket.destroy());
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const proxy = `http://127.0.0.1:${port}`;

/**
 * Whether the agent connects to a URL without its proxy.
 * @param {string} url
 * @param {string} noProxy
 */
async function isDirect(url, noProxy) {
  /** @type {(isDirect: boolean) => void} */
  let settle = () => {};
  /** @type {Promise<boolean>} */
  const settled = new Promise((resolve) => (settle = resolve));
  server.once("connection", () => settle(false));
  const agent = new EnvHttpProxyAgent({
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy,
    /**
     * @param {unknown} _
     * @param {(error: Error, socket: null) => void} done
     */
    connect(_, done) {
      settle(true);
      done(new Error("this is all there was to know"), null);
    },
  });
  request(url, { dispatcher: agent }).catch(() => {});
  const result = await settled;
  server.removeAllListeners("connection").on("connection", (socket) => socket.destroy());
  // It may retry for a while; this script does not wait for that.
  agent.destroy().catch(() => {});
  return result;
}

/** @type {{ noProxy: string, url: string, isDirect: boolean }[]} */
const cases = [];
for (const noProxy of VALUES) {
  for (const url of URLS) {
    cases.push({ noProxy, url, isDirect: await isDirect(url, noProxy) });
  }
}
writeFileSync(FILE, `${JSON.stringify({ undici: version, cases }, undefined, 2)}\n`);
process.exit();
