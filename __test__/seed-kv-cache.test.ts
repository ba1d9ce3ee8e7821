// What `seedKvCache` writes and says: the behaviour of the TypeScript it replaces, and what was
// added to it.

import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BUILD_ID, buildOf, key, rendered, temporaryDirectory, writeBuild } from "./support/build.js";
import { startRecorder, type Pair } from "./support/recorder.js";
import { TARGET, TOKEN, failureOf, seed } from "./support/seed.js";

const EXAMPLE = fileURLToPath(new URL("../example", import.meta.url));

async function seeded(root: string, options: Parameters<typeof seed>[0] | object = {}) {
  const api = await startRecorder();
  const result = await seed({ root, apiBaseUrl: api.baseUrl, ...options });
  return { result, pairs: api.pairs(), requests: api.requests };
}

const entry = (pair: Pair | undefined) => JSON.parse(pair?.value ?? "null");

describe("keys and values", () => {
  it("writes a page's document and payload under the keys that the runtime reads", async () => {
    const root = buildOf([rendered("/about", { revalidate: 60 })], {
      "about.html": "<p>About</p>",
      "about.rsc": "0:payload",
    });
    const { result, pairs } = await seeded(root);
    expect(pairs.map((pair) => pair.key)).toEqual([key("/about", "html"), key("/about", "rsc")]);
    expect(entry(pairs[0]).value).toEqual({
      kind: "APP_PAGE",
      html: "<p>About</p>",
      prerendered: true,
    });
    expect(entry(pairs[1]).value).toEqual({
      kind: "APP_PAGE",
      html: "",
      rscData: Buffer.from("0:payload").toString("base64"),
      prerendered: true,
    });
    expect(result).toMatchObject({
      seededRoutes: 1,
      kvPairsUploaded: 2,
      batches: 1,
      buildId: BUILD_ID,
      runtime: { vinext: "1.4.0", generation: "g12" },
      routesSkipped: [],
    });
    expect(result.skipped).toBeUndefined();
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
  });

  it("writes several routes with one request", async () => {
    const root = buildOf([rendered("/a"), rendered("/b")], {
      "a.html": "a",
      "a.rsc": "a",
      "b.html": "b",
      "b.rsc": "b",
    });
    const { result, requests } = await seeded(root);
    expect(result).toMatchObject({ seededRoutes: 2, kvPairsUploaded: 4 });
    expect(requests).toHaveLength(1);
    expect(result.bytesUploaded).toBe(Buffer.byteLength(requests[0]?.body ?? ""));
  });

  it("finds the index route's files", async () => {
    const { pairs } = await seeded(
      buildOf([rendered("/")], { "index.html": "home", "index.rsc": "0" }),
    );
    expect(pairs.map((pair) => pair.key)).toEqual([key("/", "html"), key("/", "rsc")]);
  });

  it("prefers the concrete path to the pattern", async () => {
    const root = buildOf([rendered("/blog/:slug", { path: "/blog/hello" })], {
      "blog/hello.html": "x",
    });
    const { pairs } = await seeded(root);
    expect(pairs[0]?.key).toBe(key("/blog/hello", "html"));
    expect(pairs[0]?.metadata?.tags).toContain("_N_T_/blog/[slug]/page");
  });

  it("decodes Unicode paths for keys, but not for files", async () => {
    const root = buildOf([rendered("/b/:s", { path: "/b/%E6%97%A5" }), rendered("/日")], {
      "b/%E6%97%A5.html": "x",
      "日.html": "y",
    });
    const { pairs } = await seeded(root);
    expect(pairs.map((pair) => pair.key)).toEqual([key("/b/日", "html"), key("/日", "html")]);
  });

  it("hashes the path of a key that would be too long", async () => {
    const long = `/${"x".repeat(180)}`;
    const { pairs } = await seeded(buildOf([rendered(long)], { [`${long.slice(1)}.html`]: "x" }));
    expect(pairs[0]?.key).toMatch(
      new RegExp(`^cache:app:v2:${BUILD_ID}:__hash:[0-9a-f]{64}:html$`, "u"),
    );
  });

  it("keeps binary payloads byte for byte", async () => {
    const payload = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { pairs } = await seeded(
      buildOf([rendered("/a")], { "a.html": "a", "a.rsc": payload }),
    );
    expect([...Buffer.from(entry(pairs[1]).value.rscData, "base64")]).toEqual([...payload]);
  });

  it("reads HTML as Node reads it", async () => {
    const html = Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82, 0x62, 0x22, 0x5c, 0x0a, 0]);
    const { pairs } = await seeded(buildOf([rendered("/a")], { "a.html": html }));
    expect(entry(pairs[0]).value.html).toBe(html.toString("utf-8"));
  });

  it("writes an empty document too", async () => {
    const { result, pairs } = await seeded(buildOf([rendered("/a")], { "a.html": "" }));
    expect(result.kvPairsUploaded).toBe(1);
    expect(entry(pairs[0]).value.html).toBe("");
  });

  it("puts the app prefix before every key", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const { pairs } = await seeded(root, { appPrefix: "shop" });
    expect(pairs[0]?.key).toBe(`shop:${key("/a", "html")}`);
    const { pairs: plain } = await seeded(root, { appPrefix: "" });
    expect(plain[0]?.key).toBe(key("/a", "html"));
  });

  it("keeps the status of a pre-rendered notFound() and the location of a redirect", async () => {
    const root = buildOf(
      [
        rendered("/gone", { revalidate: 9, responseStatus: 404 }),
        rendered("/go", { responseStatus: 307, headers: { location: "/a", link: "</x.css>" } }),
      ],
      { "gone.html": "gone", "go.html": "", "go.rsc": "0" },
    );
    const { pairs } = await seeded(root);
    expect(pairs.map((pair) => entry(pair).value)).toMatchObject([
      { status: 404 },
      { status: 307, headers: { location: "/a", link: "</x.css>" } },
      { status: 307, headers: { location: "/a" } },
    ]);
  });

  it("writes metadata routes as route handler responses", async () => {
    const root = buildOf(
      [
        rendered("/sitemap.xml", {
          router: "metadata",
          revalidate: 3600,
          expire: 86_400,
          stale: 300,
          routeSegments: [],
          headers: { "content-type": "application/xml" },
          responseStatus: 200,
        }),
      ],
      { "sitemap.xml.route": "<urlset/>" },
    );
    const { pairs } = await seeded(root);
    expect(pairs[0]?.key).toBe(key("/sitemap.xml", "route"));
    expect(entry(pairs[0])).toMatchObject({
      value: {
        kind: "APP_ROUTE",
        body: Buffer.from("<urlset/>").toString("base64"),
        status: 200,
        headers: { "content-type": "application/xml" },
      },
      tags: ["/sitemap.xml", "_N_T_/sitemap.xml", "_N_T_/layout", "_N_T_/route"],
      cacheControl: { revalidate: 3600, expire: 86_400, stale: 300 },
    });
  });
});

describe("times", () => {
  it("lets a page turn stale `revalidate` seconds from now", async () => {
    const root = buildOf([rendered("/a", { revalidate: 300, expire: 900 })], { "a.html": "a" });
    const before = Date.now();
    const { pairs } = await seeded(root);
    const after = Date.now();
    const { revalidateAt, expireAt, cacheControl } = entry(pairs[0]);
    expect(revalidateAt).toBeGreaterThanOrEqual(before + 300_000);
    expect(revalidateAt).toBeLessThanOrEqual(after + 300_000);
    expect(expireAt - revalidateAt).toBe(600_000);
    expect(cacheControl).toEqual({ revalidate: 300, expire: 900 });
    expect(pairs[0]?.expiration_ttl).toBe(3000);
  });

  it.each([
    ["false", false],
    ["null, JSON's Infinity", null],
    ["0", 0],
  ])("takes revalidate: %s for a static page", async (_, revalidate) => {
    const { pairs } = await seeded(buildOf([rendered("/a", { revalidate })], { "a.html": "a" }));
    expect(entry(pairs[0])).toMatchObject({ revalidateAt: null, expireAt: null });
    expect(entry(pairs[0])).not.toHaveProperty("cacheControl");
    expect(pairs[0]).not.toHaveProperty("expiration_ttl");
  });

  it.each([
    { revalidate: 1, expected: 60 },
    { revalidate: 6, expected: 60 },
    { revalidate: 6.05, expected: 61 },
    { revalidate: 60, expire: 3600, expected: 3600 },
    { revalidate: 60, expire: 31_536_000, expected: 2_592_000 },
    { revalidate: 1e9, expected: 2_592_000 },
    { revalidate: 60, ttlSeconds: 777, expected: 777 },
    { revalidate: 60, ttlSeconds: 5, expected: 60 },
    { revalidate: false, staticTtlSeconds: 86_400, expected: 86_400 },
    { revalidate: false, ttlSeconds: 777, expected: undefined },
  ])("keeps entries as long as $expected seconds", async ({ expected, ...given }) => {
    const { revalidate, expire, ...options } = given as Record<string, number | undefined>;
    const root = buildOf([rendered("/a", { revalidate, expire })], { "a.html": "a" });
    const { pairs } = await seeded(root, options);
    expect(pairs[0]?.expiration_ttl).toBe(expected);
  });

  it("dates entries from when the pages were rendered, but never from the future", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const manifest = path.join(root, "dist/server/vinext-prerender.json");
    const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
    utimesSync(manifest, anHourAgo, anHourAgo);
    expect(entry((await seeded(root)).pairs[0]).lastModified).toBe(anHourAgo * 1000);
    utimesSync(manifest, anHourAgo + 7200, anHourAgo + 7200);
    const before = Date.now();
    const { lastModified } = entry((await seeded(root)).pairs[0]);
    expect(lastModified).toBeGreaterThanOrEqual(before);
    expect(lastModified).toBeLessThanOrEqual(Date.now());
  });
});

describe("what is left out", () => {
  it.each([
    ["there is no manifest", undefined, "no vinext-prerender.json found", "no-manifest"],
    ["it is no JSON", "NOT JSON", "failed to parse vinext-prerender.json", "corrupt-manifest"],
    ["it is empty", "", "failed to parse vinext-prerender.json", "corrupt-manifest"],
    ["it is cut off", '{"buildId":"b","routes":[', "failed to parse vinext-prerender.json", "corrupt-manifest"],
    ["it has no build id", { routes: [] }, "manifest missing buildId or routes", "incomplete-manifest"],
    ["its build id is empty", { buildId: "", routes: [] }, "manifest missing buildId or routes", "incomplete-manifest"],
    ["it has no routes", { buildId: "b" }, "manifest missing buildId or routes", "incomplete-manifest"],
    ["its routes are no list", { buildId: "b", routes: {} }, "manifest missing buildId or routes", "incomplete-manifest"],
    ["its list of routes is empty", { buildId: "b", routes: [] }, "no pre-rendered App Router routes found", "nothing-seedable"],
  ])("does nothing if %s", async (_, manifest, skipped, skippedCode) => {
    const root = manifest === undefined ? temporaryDirectory() : writeBuild(manifest);
    const { result, requests } = await seeded(root);
    expect(result).toMatchObject({ skipped, skippedCode, seededRoutes: 0, kvPairsUploaded: 0 });
    expect(requests).toHaveLength(0);
  });

  it.each([
    ["a Pages Router route", rendered("/a", { router: "pages" }), "not-app-router"],
    ["a route without a router", rendered("/a", { router: undefined }), "not-app-router"],
    ["a route that was not rendered", { route: "/a", status: "skipped", reason: "dynamic" }, "not-rendered"],
    ["a route that failed", { route: "/a", status: "error", error: "boom" }, "not-rendered"],
    ["a route without a file", rendered("/missing"), "missing-artefact"],
    ["the error page", rendered("/404"), "error-page"],
    ["a fallback shell", rendered("/:x", { path: "/[x]", fallback: true }), "fallback-shell"],
    ["a fallback shell of an old manifest", rendered("/:x", { path: "/[x]" }), "fallback-shell"],
    ["a negative revalidate", rendered("/a", { revalidate: -1 }), "negative-revalidate"],
  ])("leaves out %s and says so", async (_, route, code) => {
    const files = { "a.html": "a", "404.html": "a", "[x].html": "a" };
    const { result, requests } = await seeded(buildOf([route], files));
    expect(result.skipped).toBe("no pre-rendered App Router routes found");
    expect(result.routesSkipped).toMatchObject([{ route: route.route, code }]);
    expect(requests).toHaveLength(0);
  });

  describe("by some versions only", () => {
    // Within 200 characters, over 512 bytes, and no file name over 255.
    const long = `/${"日".repeat(60)}`.repeat(3);
    const files = { "a.html": "a", "index.html": "i", "%61.html": "a", "100%25.html": "p" };
    it.each([
      ["0.2.1", "key-too-long", rendered(long), { buildId: "b" }],
      ["1.4.0", "key-too-long", rendered("/a"), { appPrefix: "p".repeat(480) }],
      ["1.0.0-beta.5", "metadata-not-read", rendered("/sitemap.xml", { router: "metadata" }), {}],
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

    it("a long key is hashed where the adapter does so too", async () => {
      const root = buildOf([rendered(long)], { [`${long.slice(1)}.html`]: "x" }, { buildId: "b" });
      const runtime = { vinext: "1.0.0-beta.5", cloudflare: "1.0.0-beta.5" };
      const { pairs } = await seeded(root, { runtime });
      expect(pairs[0]?.key).toMatch(/^cache:__hash:[0-9a-f]{16}$/u);
    });
  });

  it("writes the document alone if there is no payload", async () => {
    const { result, pairs } = await seeded(buildOf([rendered("/a")], { "a.html": "a" }));
    expect(result).toMatchObject({ seededRoutes: 1, kvPairsUploaded: 1 });
    expect(pairs.map((pair) => pair.key)).toEqual([key("/a", "html")]);
  });

  it("seeds the rest of a manifest of all sorts", async () => {
    const root = buildOf(
      [
        rendered("/a"),
        rendered("/old", { router: "pages" }),
        { route: "/dyn", status: "skipped", reason: "dynamic" },
        rendered("/ghost"),
        rendered("/b", { revalidate: 60 }),
      ],
      { "a.html": "a", "old.html": "o", "b.html": "b", "b.rsc": "b" },
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
    const files = { "about/index.html": "about", "about.rsc": "0", "index.html": "home" };
    const root = buildOf([rendered("/"), rendered("/about")], files, { trailingSlash: true });
    const { result, pairs } = await seeded(root);
    expect(result).toMatchObject({ seededRoutes: 2, kvPairsUploaded: 3 });
    expect(pairs[1]?.key).toBe(key("/about", "html"));
    expect(pairs[1]?.metadata?.tags.slice(0, 2)).toEqual(["/about/", "_N_T_/about"]);
  });

  it("writes a key once, however often the manifest lists it", async () => {
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

describe("requests", () => {
  it("carries the token and says what it sends", async () => {
    const { requests } = await seeded(buildOf([rendered("/a")], { "a.html": "a" }));
    expect(requests[0]).toMatchObject({
      method: "PUT",
      url: "/client/v4/accounts/test-account-123/storage/kv/namespaces/test-namespace-456/bulk",
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(requests[0]?.body ?? "")),
      },
    });
  });

  it("rejects on an HTTP error", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const body = JSON.stringify({ success: false, errors: [{ code: 10000, message: "Authentication error" }] });
    const api = await startRecorder({ status: 403, body, headers: { "cf-ray": "8f0-FRA" } });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toMatch(/^KV bulk upload failed: HTTP 403/u);
    expect(error.message).toContain("Authentication error [code: 10000]");
    expect(error).toMatchObject({ status: 403, cfRay: "8f0-FRA", cloudflareCodes: [10000] });
    expect(error.report).toMatchObject({ seededRoutes: 0, kvPairsUploaded: 0, buildId: BUILD_ID });
  });

  it("rejects on HTTP 200 that says success: false", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const body = JSON.stringify({ success: false, errors: [{ code: 10022, message: "bad pair" }] });
    const api = await startRecorder({ body });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
    expect(error.message).toBe(
      "KV bulk upload rejected: bad pair [code: 10022]; 0 of 1 entries are stored",
    );
    expect(error.code).toBe("KV_REJECTED");
  });

  it("splits at 10,000 entries and keeps their order", async () => {
    const paths = Array.from({ length: 10_001 }, (_, index) => `/p${index}`);
    const files = Object.fromEntries(paths.map((pathname) => [`${pathname.slice(1)}.html`, ""]));
    const root = buildOf(paths.map((pathname) => rendered(pathname)), files);
    const { result, requests } = await seeded(root, { concurrency: 1 });
    const keys = requests.map(({ body }) => (JSON.parse(body) as Pair[]).map((pair) => pair.key));
    expect(keys.map((batch) => batch.length)).toEqual([10_000, 1]);
    expect(keys.flat()).toEqual(paths.map((pathname) => key(pathname, "html")));
    expect(result).toMatchObject({ seededRoutes: 10_001, kvPairsUploaded: 10_001, batches: 2 });
  });

  it("splits where the caller wants it, by entries and by bytes", async () => {
    const paths = ["/a", "/b", "/c", "/d", "/e"];
    const files = Object.fromEntries(paths.map((pathname) => [`${pathname.slice(1)}.html`, "x".repeat(500)]));
    const root = buildOf(paths.map((pathname) => rendered(pathname)), files);
    const byPairs = await seeded(root, { maxBatchPairs: 2, concurrency: 1 });
    expect(byPairs.requests.map(({ body }) => JSON.parse(body).length)).toEqual([2, 2, 1]);
    const byBytes = await seeded(root, { maxBatchBytes: 2500, concurrency: 1 });
    expect(byBytes.requests.length).toBeGreaterThan(1);
    for (const { body } of byBytes.requests) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(2500);
    const oneEach = await seeded(root, { maxBatchBytes: 1 });
    expect(oneEach.requests).toHaveLength(5);
  });
});

describe("vinext 0.0.38", () => {
  const routes = [rendered("/isr", { revalidate: 60 }), rendered("/static")];
  const files = { "isr.html": "isr", "isr.rsc": "0", "static.html": "static" };
  const runtime = { vinext: "0.0.38" };

  function buildWithWorker(code: string) {
    const root = buildOf(routes, files);
    mkdirSync(path.join(root, "dist/server"), { recursive: true });
    writeFileSync(path.join(root, "dist/server/index.js"), code);
    return root;
  }

  const WORKER = 'function __isrCacheKey(p, s) {\n\tconst prefix = "app:the-workers-id";\n}';

  it("takes the build id from the Worker and writes what that version reads", async () => {
    const options = { runtime, allowUnprovenRoutes: true };
    const { result, pairs } = await seeded(buildWithWorker(WORKER), options);
    expect(result).toMatchObject({ buildId: "the-workers-id", seededRoutes: 1, kvPairsUploaded: 2 });
    expect(pairs[0]?.key).toBe("cache:app:the-workers-id:/isr:html");
    expect(Object.keys(entry(pairs[0]))).toEqual(["value", "tags", "lastModified", "revalidateAt"]);
    expect(entry(pairs[0]).value).toEqual({ kind: "APP_PAGE", html: "isr" });
    expect(result.routesSkipped).toMatchObject([{ route: "/static", code: "never-read" }]);
  });

  it("does nothing without the word that no page depends on its visitor", async () => {
    const { result, requests } = await seeded(buildWithWorker(WORKER), { runtime });
    expect(result.skippedCode).toBe("unproven-routes");
    expect(result.skipped).toContain("allowUnprovenRoutes");
    expect(requests).toHaveLength(0);
  });

  it("does nothing if the Worker does not show its build id", async () => {
    const options = { runtime, allowUnprovenRoutes: true };
    const { result } = await seeded(buildWithWorker("export {}"), options);
    expect(result.skippedCode).toBe("build-id-not-found");
    const { result: none } = await seeded(buildOf(routes, files), options);
    expect(none.skippedCode).toBe("build-id-not-found");
  });
});

describe("the runtime", () => {
  const build = () => buildOf([rendered("/a")], { "a.html": "a" });

  it("is the one that is installed, unless the caller names another", async () => {
    const root = build();
    const { result: none } = await seeded(root, { runtime: undefined });
    expect(none.skippedCode).toBe("vinext-not-installed");
    symlinkSync(path.join(EXAMPLE, "node_modules"), path.join(root, "node_modules"));
    const { result } = await seeded(root, { runtime: undefined });
    expect(result.runtime).toEqual({
      vinext: "1.4.0",
      cloudflare: "1.0.0-beta.7",
      generation: "g12",
    });
    const named = await seeded(root, { runtime: { vinext: "1.0.0-beta.10" } });
    expect(named.result.runtime).toEqual({ vinext: "1.0.0-beta.10", generation: "g11" });
  });

  it.each([
    ["0.0.30", "unsupported-version"],
    ["0.0.31", "unsupported-version"],
    ["0.0.49", "unsupported-version"],
    ["1.3.0", "unknown-version"],
    ["99.0.0", "unknown-version"],
    ["latest", "invalid-version"],
  ])("is refused as vinext %s, with a reason", async (vinext, code) => {
    const options = { runtime: { vinext }, allowUnprovenRoutes: true };
    const { result, requests } = await seeded(build(), options);
    expect(result.skippedCode).toBe(code);
    expect(result.skipped).toContain(vinext);
    expect(requests).toHaveLength(0);
  });

  it("must be the one that the pages were rendered for", async () => {
    const root = build();
    writeFileSync(path.join(root, "dist/server/BUILD_ID"), "another-build");
    const { result } = await seeded(root);
    expect(result.skippedCode).toBe("other-build");
    writeFileSync(path.join(root, "dist/server/BUILD_ID"), `${BUILD_ID}\n`);
    expect((await seeded(root)).result.seededRoutes).toBe(1);
  });
});

it("never shows the token", async () => {
  const root = buildOf([rendered("/a")], { "a.html": "a" });
  const api = await startRecorder({ status: 400, body: `no such token: ${TOKEN}` });
  const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
  const shown = [error.message, error.stack, JSON.stringify(error), String(error)].join();
  expect(shown).not.toContain(TARGET.apiToken);
  expect(error.message).toContain("no such token: [token]");
});
