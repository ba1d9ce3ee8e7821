// The most memory that a run takes where a site is unlike others: pages near KV's largest value, and
// a million routes that are skipped.

import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { promisify } from "node:util";

/** @typedef {{ routes: number, page?: Buffer }} MemorySite */

const MEGABYTE = 1e6;

/** Each site: how many routes, and what each page holds; none for routes that are skipped. */
export const MEMORY_SITES = /** @satisfies {Record<string, () => MemorySite>} */ ({
  "20 pages of 24 MB": () => ({
    routes: 20,
    // With its escapes a value of 25.4 MB: 0.8 MB below the limit.
    page: filled(24 * MEGABYTE, "<p>some text</p>\n"),
  }),
  "40 pages of 4 MB, all control characters": () => ({
    routes: 40,
    page: filled(4 * MEGABYTE, "\u0001"),
  }),
  "1,000,000 skipped routes": () => ({ routes: 1_000_000 }),
});

/**
 * A function that says how much memory this process had at most, in bytes, as the code of a module. Linux
 * counts in `maxRSS` what the parent had when it started the process; here, that is the site.
 */
export const PEAK_BYTES = `
  import { existsSync, readFileSync } from "node:fs";
  const peakBytes = () => {
    const status = "/proc/self/status";
    const kilobytes = existsSync(status)
      ? /^VmHWM:\\s+(\\d+)/mu.exec(readFileSync(status, "utf-8"))[1]
      : process.resourceUsage().maxRSS;
    return Number(kilobytes) * 1024;
  };
`;

/**
 * @typedef {object} MemoryFigure
 * @property {string} site
 * @property {number} peakBytes on top of an idle Node
 * @property {number} milliseconds
 * @property {number} pairs
 * @property {number} skipped
 */

/**
 * Seeds each site in a separate process, with the default `maxMemoryBytes`, into a server that takes
 * everything.
 * @param {string} directory for the sites; they are removed
 * @param {(figure: MemoryFigure) => void} tell
 */
export async function measureMemory(directory, tell) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end('{"success":true,"errors":[],"messages":[],"result":{}}');
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  try {
    for (const [site, make] of Object.entries(MEMORY_SITES)) {
      const root = path.join(directory, "memory");
      write(root, make());
      const script = `
        import { seedKvCache } from ${JSON.stringify(new URL("../index.js", import.meta.url).href)};
        ${PEAK_BYTES}
        const idle = peakBytes();
        const started = performance.now();
        const { kvPairsUploaded, routesSkippedTotal } = await seedKvCache({
          root: ${JSON.stringify(root)}, accountId: "account", namespaceId: "namespace",
          apiToken: "token-of-the-benchmark", apiBaseUrl: "http://127.0.0.1:${port}",
          runtime: { vinext: "1.4.0" }, force: true,
        });
        console.log(JSON.stringify({
          peakBytes: peakBytes() - idle,
          milliseconds: performance.now() - started,
          pairs: kvPairsUploaded, skipped: routesSkippedTotal,
        }));
      `;
      const { stdout } = await promisify(execFile)(process.execPath, [
        "--input-type=module",
        "--eval",
        script,
      ]);
      tell({ site, ...JSON.parse(stdout) });
      rmSync(root, { recursive: true });
    }
  } finally {
    server.close();
  }
}

/**
 * @param {string} root
 * @param {MemorySite} site
 */
function write(root, { routes, page }) {
  rmSync(root, { recursive: true, force: true });
  const server = path.join(root, "dist/server");
  mkdirSync(path.join(server, "prerendered-routes"), { recursive: true });
  const listed = Array.from({ length: routes }, (_, index) => {
    if (page === undefined) return { route: `/p/${index}`, status: "skipped", reason: "dynamic" };
    writeFileSync(path.join(server, `prerendered-routes/p${index}.html`), page);
    return { route: `/p${index}`, status: "rendered", revalidate: false, router: "app" };
  });
  const manifest = { buildId: "benchmark", trailingSlash: false, routes: listed };
  writeFileSync(path.join(server, "vinext-prerender.json"), JSON.stringify(manifest));
}

/**
 * @param {number} bytes
 * @param {string} text
 */
function filled(bytes, text) {
  return Buffer.alloc(bytes, text);
}
