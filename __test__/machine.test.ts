// What the machine and other programs do to a run: large and sparse files, few descriptors, replaced
// manifests, links into a store, invented dates.

import { spawnSync } from "node:child_process";
import {
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { BUILD_ID, buildOf, key, rendered, temporaryDirectory } from "./support/build.js";
import { startScriptedApi } from "./support/scripted-api.js";
import { failureOf, seed, seeded } from "./support/seed.js";

const isWindows = process.platform === "win32";
const INDEX = pathToFileURL(path.join(import.meta.dirname, "..", "index.js")).href;

const artifactsOf = (root: string) => path.join(root, "dist/server/prerendered-routes");
const manifestOf = (root: string) => path.join(root, "dist/server/vinext-prerender.json");

/** Plans a build in a process of its own; the result, and the most memory it took, in bytes. */
function plannedApart(root: string, before = "") {
  const script = `
    import { planKvSeed } from ${JSON.stringify(INDEX)};
    const options = { root: ${JSON.stringify(root)}, runtime: { vinext: "1.4.0" } };
    const idle = process.resourceUsage().maxRSS;
    const plan = await planKvSeed(options).catch(({ code, message }) => ({ code, message }));
    const bytes = (process.resourceUsage().maxRSS - idle) * 1024;
    console.log(JSON.stringify({ plan, bytes }));
  `;
  const node = `exec "$0" --input-type=module -e "$1"`;
  const child = spawnSync("sh", ["-c", `${before}${node}`, process.execPath, script], {
    encoding: "utf-8",
  });
  return JSON.parse(child.stdout || JSON.stringify({ plan: { code: child.stderr } }));
}

describe.skipIf(isWindows)("memory", () => {
  it("is not allocated for files that are too large, whatever size they report", () => {
    const root = buildOf([rendered("/a"), rendered("/b"), rendered("/ok")], { "ok.html": "x" });
    for (const [name, bytes] of Object.entries({ "a.html": 250e6, "b.html": 3e9 })) {
      ftruncateSync(openSync(path.join(artifactsOf(root), name), "w"), bytes);
    }
    const { plan, bytes } = plannedApart(root);
    expect(plan.routesSkipped).toMatchObject([
      { route: "/a", code: "value-too-large" },
      { route: "/b", code: "value-too-large" },
    ]);
    expect(plan.kvPairs).toBe(1);
    expect(bytes).toBeLessThan(60e6);
  });
});

describe.skipIf(isWindows)("few open files", () => {
  it("make a run slower, and no page unusable", () => {
    const names = Array.from({ length: 300 }, (_, index) => `p${index}`);
    const root = buildOf(
      names.map((name) => rendered(`/${name}`)),
      Object.fromEntries(names.map((name) => [`${name}.html`, name])),
    );
    const { plan } = plannedApart(root, "ulimit -n 40; ");
    expect(plan.kvPairs).toBe(names.length);
    expect(plan.routesSkippedTotal).toBe(0);
  });
});

describe("a manifest", () => {
  it("that is replaced while entries are sent ends the run", async () => {
    const root = buildOf([rendered("/a"), rendered("/b")], { "a.html": "a", "b.html": "b" });
    const other = `${manifestOf(root)}.new`;
    writeFileSync(other, JSON.stringify({ buildId: BUILD_ID, routes: [] }));
    const api = await startScriptedApi((_, number) => {
      if (number === 1) renameSync(other, manifestOf(root));
      return {};
    });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
    expect(error.code).toBe("MANIFEST_CHANGED");
    expect(error.report?.kvPairsUploaded).toBe(2);
  });

  it("of a Worker that gets another build id meanwhile ends the run", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const api = await startScriptedApi(() => {
      writeFileSync(path.join(root, "dist/server/BUILD_ID"), "another");
      return {};
    });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
    expect(error.code).toBe("MANIFEST_CHANGED");
  });

  it.each([
    [0, "before vinext existed"],
    [315_532_800, "before vinext existed"],
    [Date.now() / 1000 + 86_400, "in the future"],
  ])("dated %s counts as written now", async (seconds, why) => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    utimesSync(manifestOf(root), seconds, seconds);
    const before = Date.now();
    const { result, pairs } = await seeded(root);
    expect(result.warnings.join()).toContain(why);
    const { lastModified } = JSON.parse(pairs[0]?.value ?? "");
    expect(lastModified).toBeGreaterThanOrEqual(before);
    expect(lastModified).toBeLessThanOrEqual(Date.now());
  });
});

describe.skipIf(isWindows)("a build that consists of links into a store", () => {
  it("is seeded, page by page", async () => {
    const root = buildOf([rendered("/a"), rendered("/blog/b"), rendered("/c")], { "c.html": "c" });
    const store = temporaryDirectory();
    mkdirSync(path.join(store, "blog"));
    writeFileSync(path.join(store, "5k2-a.html"), "a");
    writeFileSync(path.join(store, "blog/b.html"), "b");
    symlinkSync(path.join(store, "5k2-a.html"), path.join(artifactsOf(root), "a.html"));
    symlinkSync(path.join(store, "blog"), path.join(artifactsOf(root), "blog"));
    const { result, keys } = await seeded(root);
    expect(result.routesSkipped).toEqual([]);
    expect(keys).toEqual(["/a", "/blog/b", "/c"].map((pathname) => key(pathname, "html")));
  });

  it("is seeded where all of dist is one", async () => {
    const store = buildOf([rendered("/a")], { "a.html": "a" });
    const root = temporaryDirectory();
    symlinkSync(path.join(store, "dist"), path.join(root, "dist"));
    expect((await seeded(root)).keys).toEqual([key("/a", "html")]);
  });
});
