// Which routes `seedKvCache` skips, and how it reports them.

import { describe, expect, it } from "vitest";
import {
  BUILD_ID,
  buildOf,
  key,
  payload,
  rendered,
  temporaryDirectory,
  writeBuild,
} from "./support/build.js";
import { startRecorder } from "./support/recorder.js";
import { failureOf, seed, seeded } from "./support/seed.js";

describe("a seeding run", () => {
  it.each([
    ["there is no manifest", undefined, "no vinext-prerender.json found", "no-manifest"],
    ["it is not JSON", "NOT JSON", "failed to parse vinext-prerender.json", "corrupt-manifest"],
    ["it is empty", "", "failed to parse vinext-prerender.json", "corrupt-manifest"],
    [
      "it is cut off",
      '{"buildId":"b","routes":[',
      "failed to parse vinext-prerender.json",
      "corrupt-manifest",
    ],
    [
      "it has no build id",
      { routes: [] },
      "manifest missing buildId or routes",
      "incomplete-manifest",
    ],
    [
      "its build id is empty",
      { buildId: "", routes: [] },
      "manifest missing buildId or routes",
      "incomplete-manifest",
    ],
    [
      "it has no routes",
      { buildId: "b" },
      "manifest missing buildId or routes",
      "incomplete-manifest",
    ],
    [
      "its routes are not a list",
      { buildId: "b", routes: {} },
      "manifest missing buildId or routes",
      "incomplete-manifest",
    ],
    [
      "its list of routes is empty",
      { buildId: "b", routes: [] },
      "no pre-rendered routes found",
      "nothing-seedable",
    ],
  ])("does nothing if %s", async (_, manifest, skipped, skippedCode) => {
    const root = manifest === undefined ? temporaryDirectory() : writeBuild(manifest);
    const { result, requests } = await seeded(root);
    expect(result).toMatchObject({ skipped, skippedCode, seededRoutes: 0, kvPairsUploaded: 0 });
    expect(requests).toHaveLength(0);
  });

  it.each([
    ["a route without a router", rendered("/a", { router: undefined }), "not-app-router"],
    [
      "a route that was not rendered",
      { route: "/a", status: "skipped", reason: "dynamic" },
      "not-rendered",
    ],
    ["a route that failed", { route: "/a", status: "error", error: "boom" }, "not-rendered"],
    ["a route without a file", rendered("/missing"), "missing-artifact"],
    ["the error page", rendered("/404"), "error-page"],
    ["a fallback shell", rendered("/:x", { path: "/[x]", fallback: true }), "fallback-shell"],
    ["a fallback shell of an old manifest", rendered("/:x", { path: "/[x]" }), "fallback-shell"],
    ["a negative revalidate", rendered("/a", { revalidate: -1 }), "negative-revalidate"],
  ])("skips and reports %s", async (_, route, code) => {
    const files = { "a.html": "a", "404.html": "a", "[x].html": "a" };
    const { result, requests } = await seeded(buildOf([route], files));
    expect(result.skippedCode).toBe(
      code === "missing-artifact" ? "artifacts-missing" : "nothing-seedable",
    );
    expect(result.routesSkipped).toMatchObject([{ route: route.route, code }]);
    expect(requests).toHaveLength(0);
  });

  describe("by some versions", () => {
    // Within 200 characters, over 512 bytes, and no file name over 255.
    const long = `/${"日".repeat(60)}`.repeat(3);
    const files = { "a.html": "a", "index.html": "i", "%61.html": "a", "100%25.html": "p" };
    it.each([
      ["0.2.1", "key-too-long", rendered(long), { buildId: "b" }],
      ["1.4.0", "key-too-long", rendered("/a"), { appPrefix: "p".repeat(480) }],
      ["1.0.0-beta.5", "metadata-not-read", rendered("/sitemap.xml", { router: "metadata" }), {}],
      ["1.0.0-beta.10", "not-app-router", rendered("/a", { router: "pages" }), {}],
      ["0.2.1", "wrong-params", rendered("/:x", { path: "/%61" }), {}],
      ["1.0.0-beta.1", "wrong-params", rendered("/:x", { path: "/%61" }), {}],
    ] as const)("vinext %s: %s", async (vinext, code, route, more) => {
      const { buildId = BUILD_ID, ...options }: { buildId?: string; appPrefix?: string } = more;
      const root = buildOf([route, rendered("/index")], files, { buildId });
      const { result } = await seeded(root, { runtime: { vinext }, ...options });
      expect(result.routesSkipped.map((skipped) => skipped.code)).toContain(code);
    });

    it.each([
      ["1.0.0-beta.10", ["index-collision", "index-collision"]],
      ["1.4.0", []],
    ])("vinext %s: / beside /index", async (vinext, codes) => {
      const both = { "index.html": "one of them", "index/index.html": "the other" };
      const root = buildOf([rendered("/"), rendered("/index")], both);
      const { result } = await seeded(root, { runtime: { vinext } });
      expect(result.routesSkipped.map((skipped) => skipped.code)).toEqual(codes);
    });

    it.each(["0.1.1", "1.0.0-beta.2"])("but not by vinext %s", async (vinext) => {
      const root = buildOf([rendered("/:x", { path: "/%61" })], files);
      const options = { runtime: { vinext }, allowUnprovenRoutes: true };
      expect((await seeded(root, options)).result.seededRoutes).toBe(1);
    });

    it("hashes a long key if the adapter does", async () => {
      const root = buildOf([rendered(long)], { [`${long.slice(1)}.html`]: "x" }, { buildId: "b" });
      const runtime = { vinext: "1.0.0-beta.5", cloudflare: "1.0.0-beta.5" };
      const { pairs } = await seeded(root, { runtime });
      expect(pairs[0]?.key).toMatch(/^cache:__hash:[0-9a-f]{16}$/u);
    });
  });

  it("lists up to `maxListed` skipped routes, and counts all by reason", async () => {
    const routes = Array.from({ length: 30 }, (_, index) => ({
      route: `/p${index}`,
      status: "skipped",
      reason: index % 3 === 0 ? "dynamic" : "no-static-params",
    }));
    const root = buildOf([...routes, rendered("/ghost"), rendered("/a")], { "a.html": "a" });
    const { result } = await seeded(root, { maxListed: 4 });
    expect(result.routesSkipped.map(({ route }) => route)).toEqual(["/p0", "/p1", "/p2", "/p3"]);
    expect(result.routesSkippedTotal).toBe(31);
    expect(result.skippedReasons).toEqual([
      {
        code: "not-rendered",
        reason: expect.stringContaining("dynamic"),
        count: 10,
        example: "/p0",
      },
      {
        code: "not-rendered",
        reason: expect.stringContaining("no-static-params"),
        count: 20,
        example: "/p1",
      },
      { code: "missing-artifact", reason: expect.any(String), count: 1, example: "/ghost" },
    ]);
  });

  it("names 10,000 skipped routes, or all on request", async () => {
    const routes = Array.from({ length: 10_001 }, (_, index) => ({
      route: `/p${index}`,
      status: "skipped",
    }));
    const root = buildOf(routes, {});
    const { result } = await seeded(root);
    expect(result.routesSkipped).toHaveLength(10_000);
    expect(result.routesSkippedTotal).toBe(10_001);
    const { result: all } = await seeded(root, { maxListed: Number.MAX_SAFE_INTEGER });
    expect(all.routesSkipped.map(({ route }) => route)).toEqual(routes.map(({ route }) => route));
  });

  it.each([
    ["3", 3, 3],
    ["all", Number.MAX_SAFE_INTEGER, 40],
  ])("names %s of the keys that are not stored, and counts all", async (_, maxListed, named) => {
    const names = Array.from({ length: 40 }, (_unused, index) => `p${index}`);
    const root = buildOf(
      names.map((name) => rendered(`/${name}`)),
      Object.fromEntries(names.map((name) => [`${name}.html`, name])),
    );
    const api = await startRecorder({ status: 401 });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl, maxListed }));
    const notStored = error.report?.notStored ?? [];
    expect(notStored.reduce((sum, { count }) => sum + count, 0)).toBe(40);
    const keys = notStored.flatMap((entries) => entries.keys);
    expect(keys).toEqual(names.slice(0, named).map((name) => key(`/${name}`, "html")));
  });

  it.each([
    ["missing", {}, "artifacts-missing"],
    ["no files", { "a.html/x": "" }, "artifacts-unusable"],
  ])("distinguishes %s artifacts from a site without pages", async (_, files, code) => {
    const { result } = await seeded(buildOf([rendered("/a")], files));
    expect(result.skippedCode).toBe(code);
  });

  it("writes only the document if the payload is missing", async () => {
    const { result, pairs } = await seeded(buildOf([rendered("/a")], { "a.html": "a" }));
    expect(result).toMatchObject({ seededRoutes: 1, kvPairsUploaded: 1 });
    expect(pairs.map((pair) => pair.key)).toEqual([key("/a", "html")]);
  });

  it("seeds the rest of a mixed manifest", async () => {
    const root = buildOf(
      [
        rendered("/a"),
        rendered("/old", { router: "pages" }),
        { route: "/dyn", status: "skipped", reason: "dynamic" },
        rendered("/ghost"),
        rendered("/b", { revalidate: 60 }),
      ],
      { "a.html": "a", "old.html": "o", "b.html": "b", "b.rsc": payload() },
    );
    const { result, pairs } = await seeded(root);
    expect(result).toMatchObject({ seededRoutes: 2, kvPairsUploaded: 3 });
    expect(pairs.map((pair) => pair.key)).toEqual([
      key("/a", "html"),
      key("/b", "html"),
      key("/b", "rsc"),
    ]);
    expect(result.routesSkipped.map(({ route }) => route)).toEqual(["/old", "/dyn", "/ghost"]);
  });

  it("follows the trailing-slash layout", async () => {
    const files = { "about/index.html": "about", "about.rsc": payload(), "index.html": "home" };
    const root = buildOf([rendered("/"), rendered("/about")], files, { trailingSlash: true });
    const { result, pairs } = await seeded(root);
    expect(result).toMatchObject({ seededRoutes: 2, kvPairsUploaded: 3 });
    expect(pairs[1]?.key).toBe(key("/about", "html"));
    expect(pairs[1]?.metadata?.tags.slice(0, 2)).toEqual(["/about/", "_N_T_/about"]);
  });

  it("writes a key once even if listed repeatedly", async () => {
    const root = buildOf([rendered("/a"), rendered("/b"), rendered("/:x", { path: "/%61" })], {
      "a.html": "a",
      "b.html": "b",
      "%61.html": "again",
    });
    const { result, pairs } = await seeded(root);
    expect(pairs.map((pair) => pair.key)).toEqual([key("/a", "html"), key("/b", "html")]);
    expect(result.routesSkipped).toMatchObject([{ route: "/:x", path: "/%61", code: "duplicate" }]);
  });
});
