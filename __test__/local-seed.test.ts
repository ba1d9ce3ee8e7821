// `--local` with a full disk, a hanging local KV, or an abort, against a fake Miniflare that misbehaves on
// purpose. The tests in e2e/ use the real one.

import path from "node:path";
import { describe, expect, it } from "vitest";
import { seedFromProject } from "../index.js";
import { cli, hasSignals } from "./support/cli.js";
import { wranglerConfig, writeProject } from "./support/project.js";

/** A project whose Miniflare stores pages with these statements. */
function projectWith({ ready = "Promise.resolve()", put = "" }) {
  const miniflare = `
    process.on("SIGTERM", () => process.exit(143));
    process.on("SIGINT", () => process.exit(130));
    export class Miniflare {
      ready = ${ready};
      async getKVNamespace() {
        return {
          async put(key) { ${put} },
          async list() { return { keys: [], list_complete: true }; },
        };
      }
      async dispose() {}
    }`;
  const wrangler = `export const unstable_readConfig = () => (${JSON.stringify({
    configPath: "wrangler.json",
    ...wranglerConfig(),
  })});`;
  const entry = { type: "module", main: "index.js", bin: "index.js" };
  const manifest = (name: string) => ({ name, version: "4.60.0", ...entry });
  return writeProject({
    wrangler: false,
    files: {
      "wrangler.json": wranglerConfig(),
      "node_modules/wrangler/package.json": manifest("wrangler"),
      "node_modules/wrangler/index.js": wrangler,
      "node_modules/miniflare/package.json": manifest("miniflare"),
      "node_modules/miniflare/index.js": miniflare,
    },
  });
}

const NOISE = 'for (let i = 0; i < 1000; i++) console.error("stack: " + "x".repeat(1000));';

describe("seeding the local KV", () => {
  it("stores pages and hides workerd's output", async () => {
    const cwd = projectWith({ put: NOISE });
    const { code, stdout, stderr } = await cli(["--local"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Seeded 2 pages into VINEXT_KV_CACHE /u);
  });

  it("ends immediately on a full disk and names it", async () => {
    const put = `${NOISE} console.error("e = pwrite: No space left on device");
      throw new Error("Network connection lost.");`;
    const cwd = projectWith({ put });
    const started = performance.now();
    const { code, stderr } = await cli(["--local"], { cwd });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: .*\(LOCAL_STATE_UNWRITABLE\): cannot write .*\n$/u);
    expect(stderr).toContain(
      `${path.join(".wrangler", "state")}: no space left on the device; 0 of 3`,
    );
  });

  it("does not retry failures for long", async () => {
    const cwd = projectWith({ put: 'throw new Error("SQLITE_CORRUPT");' });
    const started = performance.now();
    const { stderr } = await cli(["--local"], { cwd });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(stderr).toContain("SQLITE_CORRUPT");
  });

  it("reports why the local KV cannot be opened", async () => {
    const root = projectWith({ ready: 'Promise.reject(new Error("workerd is missing"))' });
    const { failure } = await seedFromProject({ root, local: true });
    expect(failure).toEqual({
      code: "LOCAL_KV_UNAVAILABLE",
      message: "cannot open the local KV: workerd is missing",
    });
  });
});

describe.runIf(hasSignals)("a signal ends it within a second", () => {
  it.each([
    ["while the local KV starts", { ready: "new Promise(() => setInterval(() => {}, 1000))" }],
    ["while the local KV is busy", { put: "for (;;);" }],
    ["while the local KV hangs", { put: "await new Promise(() => {});" }],
  ])("%s, with a summary", async (_, miniflare) => {
    let signalled = 0;
    const { code, stderr } = await cli(["--local"], {
      cwd: projectWith(miniflare),
      onStart(child) {
        setTimeout(() => {
          signalled = performance.now();
          child.kill("SIGTERM");
        }, 5000);
      },
    });
    expect(performance.now() - signalled).toBeLessThan(1500);
    expect(code).toBe(143);
    expect(stderr).toMatch(/^error: interrupted: 0 entries are stored/u);
  });
});
