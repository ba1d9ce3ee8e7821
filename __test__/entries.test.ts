// The entries that `seedKvCache` writes: keys, values, times.

import { utimesSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { BUILD_ID, buildOf, key, payload, rendered } from "./support/build.js";
import { entryOf } from "./support/recorder.js";
import { seeded } from "./support/seed.js";

describe("keys and values", () => {
  it("writes a page's document and payload under the keys that the runtime reads", async () => {
    const root = buildOf([rendered("/about", { revalidate: 60 })], {
      "about.html": "<p>About</p>",
      "about.rsc": payload("About"),
    });
    const { result, pairs } = await seeded(root);
    expect(pairs.map((pair) => pair.key)).toEqual([key("/about", "html"), key("/about", "rsc")]);
    expect(entryOf(pairs[0]).value).toEqual({
      kind: "APP_PAGE",
      html: "<p>About</p>",
      prerendered: true,
    });
    expect(entryOf(pairs[1]).value).toEqual({
      kind: "APP_PAGE",
      html: "",
      rscData: Buffer.from(payload("About")).toString("base64"),
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
      "a.rsc": payload("a"),
      "b.html": "b",
      "b.rsc": payload("b"),
    });
    const { result, requests } = await seeded(root);
    expect(result).toMatchObject({ seededRoutes: 2, kvPairsUploaded: 4 });
    expect(requests).toHaveLength(1);
    expect(result.bytesUploaded).toBe(Buffer.byteLength(requests[0]?.body ?? ""));
  });

  it("finds the index route's files", async () => {
    const { pairs } = await seeded(
      buildOf([rendered("/")], { "index.html": "home", "index.rsc": payload() }),
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

  it("hashes the path of an overlong key", async () => {
    const long = `/${"x".repeat(180)}`;
    const { pairs } = await seeded(buildOf([rendered(long)], { [`${long.slice(1)}.html`]: "x" }));
    expect(pairs[0]?.key).toMatch(
      new RegExp(`^cache:app:v2:${BUILD_ID}:__hash:[0-9a-f]{64}:html$`, "u"),
    );
  });

  it("keeps binary payloads byte for byte", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const rsc = Buffer.concat([Buffer.from(payload()), Buffer.from("2:o100,"), bytes]);
    const { pairs } = await seeded(buildOf([rendered("/a")], { "a.html": "a", "a.rsc": rsc }));
    expect([...Buffer.from(entryOf(pairs[1]).value.rscData, "base64")]).toEqual([...rsc]);
  });

  it("decodes HTML like Node", async () => {
    const html = Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82, 0x62, 0x22, 0x5c, 0x0a, 0]);
    const { pairs } = await seeded(buildOf([rendered("/a")], { "a.html": html }));
    expect(entryOf(pairs[0]).value.html).toBe(html.toString("utf-8"));
  });

  it("prefixes every key with the app prefix", async () => {
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
    const values = pairs.map((pair) => entryOf(pair).value);
    expect(values).toMatchObject([{ status: 404 }, { status: 307 }, { status: 307 }]);
    expect(values.map(({ headers }) => headers)).toEqual([
      undefined,
      { location: "/a" },
      { location: "/a" },
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
    expect(entryOf(pairs[0])).toMatchObject({
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
  it("makes a page stale `revalidate` seconds from now", async () => {
    const root = buildOf([rendered("/a", { revalidate: 300, expire: 900 })], { "a.html": "a" });
    const before = Date.now();
    const { pairs } = await seeded(root);
    const after = Date.now();
    const { revalidateAt, expireAt, cacheControl } = entryOf(pairs[0]);
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
  ])("treats revalidate: %s as a static page", async (_, revalidate) => {
    const { pairs } = await seeded(buildOf([rendered("/a", { revalidate })], { "a.html": "a" }));
    expect(entryOf(pairs[0])).toMatchObject({ revalidateAt: null, expireAt: null });
    expect(entryOf(pairs[0])).not.toHaveProperty("cacheControl");
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
    { revalidate: false, staticTtlSeconds: 5, expected: 60 },
    { revalidate: false, ttlSeconds: 777, expected: undefined },
  ])("keeps entries for $expected seconds", async ({ expected, ...given }) => {
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
    expect(entryOf((await seeded(root)).pairs[0]).lastModified).toBe(anHourAgo * 1000);
    utimesSync(manifest, anHourAgo + 7200, anHourAgo + 7200);
    const before = Date.now();
    const { lastModified } = entryOf((await seeded(root)).pairs[0]);
    expect(lastModified).toBeGreaterThanOrEqual(before);
    expect(lastModified).toBeLessThanOrEqual(Date.now());
  });
});
