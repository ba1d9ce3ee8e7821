// The option `pages`: it stores what a build with the same pages stores, and a page that
// cannot be used is named, while those before it are stored.

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { seedCache, seedCacheHandler, type SeedPage } from "../index.js";
import { BUILD_ID, buildOf, payload, rendered, temporaryDirectory } from "./support/build.js";
import { hasRedis, startRedis } from "./support/redis.js";
import { CREDENTIALS, hasS3, startS3 } from "./support/s3.js";
import { failureOf, seeded } from "./support/seed.js";

const SITE = { runtime: { vinext: "1.4.0" }, buildId: BUILD_ID };

/** Stored values by key, without the times of the run. */
function storedIn(directory: string): Record<string, unknown> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  const entries = files
    .filter((file) => file.isFile())
    .map((file) => {
      const name = path.relative(directory, path.join(file.parentPath, file.name));
      const value = JSON.parse(readFileSync(path.join(directory, name), "utf-8"));
      for (const time of ["lastModified", "revalidateAt", "expireAt"]) {
        if (typeof value[time] === "number") value[time] = "a time";
      }
      return [name, value] as const;
    });
  return Object.fromEntries(entries);
}

/** A stored value without the times of the run. */
function timelessValue(json: string) {
  const { lastModified, revalidateAt, expireAt, ...rest } = JSON.parse(json);
  return { ...rest, times: [lastModified, revalidateAt, expireAt].map((time) => typeof time) };
}

/** Seeds pages into a directory. */
async function seedPages(pages: unknown, options: Record<string, unknown> = {}) {
  const directory = path.join(temporaryDirectory(), "cache");
  mkdirSync(directory);
  const store = { type: "dir" as const, path: directory };
  const given = pages as Iterable<SeedPage>;
  const result = seedCache({ root: ".", ...SITE, store, pages: given, ...options });
  return { directory, result };
}

/** Pages, and the same in a manifest. */
const PAGES: SeedPage[] = [
  {
    pathname: "/",
    html: "<p>home \u{1f600}</p>",
    rsc: payload("home"),
    revalidate: 60,
    expire: 3600,
  },
  { pathname: "/about", html: "<p>about \u2028 & \\</p>", tags: ["about", "a:b"], stale: 30 },
  { pathname: "/h%C3%A9/a%2Fb", html: Buffer.from("<p>é</p>"), rsc: Buffer.from(payload("é")) },
  {
    pathname: "/posts/one",
    route: "/posts/:slug",
    html: "<p>one</p>",
    rsc: payload("one"),
    headers: { link: "</a.woff2>; rel=preload; as=font" },
  },
  { pathname: "/gone", html: "<p>gone</p>", status: 404, revalidate: 1.5 },
  { pathname: "/old", status: 307, headers: { Location: "/about" }, rsc: payload("old") },
];

function buildOfPages() {
  const files: Record<string, string | Uint8Array> = {};
  const routes = PAGES.map((page) => {
    const name = page.pathname === "/" ? "index" : page.pathname.slice(1);
    files[`${name}.html`] = page.html ?? "";
    if (page.rsc !== undefined) files[`${name}.rsc`] = page.rsc;
    const { pathname, route = pathname, status, headers, tags, revalidate, expire, stale } = page;
    const lowerCase = Object.entries((headers ?? {}) as Record<string, string>).map(
      ([header, value]) => [header.toLowerCase(), value],
    );
    return rendered(route, {
      ...(route === pathname ? {} : { path: pathname }),
      revalidate: revalidate ?? false,
      expire,
      stale,
      tags,
      ...(headers === undefined ? {} : { headers: Object.fromEntries(lowerCase) }),
      responseStatus: status,
    });
  });
  return buildOf(routes, files);
}

async function* slowly(pages: Iterable<SeedPage>) {
  for (const page of pages) {
    await new Promise((resolve) => setImmediate(resolve));
    yield page;
  }
}

describe("the option `pages`", () => {
  it.each(["1.4.0", "1.0.0-beta.10", "0.2.1", "0.0.38"])(
    "gives the keys and values of a build with vinext %s",
    async (vinext) => {
      const root = buildOfPages();
      const store = { type: "dir" as const, path: path.join(root, "cache") };
      const options = { runtime: { vinext }, allowUnprovenRoutes: true };
      const { directory, result } = await seedPages(slowly(PAGES), options);
      const ofPages = await result;
      if (vinext !== "0.0.38") {
        const ofBuild = await seedCache({ root, store, ...options });
        expect(ofPages.kvPairsUploaded).toBe(ofBuild.kvPairsUploaded);
        expect(ofPages.seededRoutes).toBe(ofBuild.seededRoutes);
        expect(ofPages.routesSkipped).toEqual(ofBuild.routesSkipped);
        const [stored, expected] = [storedIn(directory), storedIn(store.path)];
        for (const [name, expires] of Object.entries(expected)) {
          if (!name.endsWith(".expires")) continue;
          // The runs are not of the same second.
          expect(Math.abs(Number(stored[name]) - Number(expires)), name).toBeLessThan(30);
          stored[name] = expires;
        }
        expect(stored).toEqual(expected);
        expect(ofPages.kvPairsUploaded).toBeGreaterThan(5);
      } else {
        // Its build id is in the Worker's code, which a made-up build does not have.
        expect(ofPages.kvPairsUploaded).toBeGreaterThan(0);
      }
    },
  );

  it("writes the same entries to Workers KV as a build", async () => {
    const runtime = { vinext: "1.4.0", cloudflare: "1.4.0" };
    const { pairs: ofBuild } = await seeded(buildOfPages(), { runtime });
    const { pairs, result } = await seeded(".", { runtime, buildId: BUILD_ID, pages: PAGES });
    expect(result.kvPairsUploaded).toBe(10);
    const timeless = (all: typeof pairs) =>
      all.map(({ key: name, value, expiration_ttl: ttl }) => {
        const { lastModified, revalidateAt, expireAt, ...rest } = JSON.parse(value);
        return [name, rest, [lastModified, revalidateAt, expireAt].map((time) => typeof time), ttl];
      });
    expect(timeless(pairs)).toEqual(timeless(ofBuild));
  });

  it.skipIf(!hasRedis)("writes the same entries to a real Redis as a build", async () => {
    const { client, url } = await startRedis();
    const options = { runtime: { vinext: "1.4.0" }, appPrefix: "shop", ttlSeconds: 7200 };
    const ofBuild = await seedCache({ root: buildOfPages(), ...options, store: `${url}/1` });
    const ofPages = await seedCache({
      ...{ root: ".", ...options, buildId: BUILD_ID, pages: slowly(PAGES) },
      store: `${url}/2`,
    });
    expect(ofPages).toMatchObject({ kvPairsUploaded: 10, seededRoutes: ofBuild.seededRoutes });
    const all = async (database: number) => {
      await client.select(database);
      const keys = (await client.keys("*")).sort();
      const values = keys.map(async (name) => [
        name,
        timelessValue((await client.get(name)) ?? "null"),
        Math.ceil((await client.pttl(name)) / 600_000),
      ]);
      return Promise.all(values);
    };
    const [inBuild, inPages] = [await all(1), await all(2)];
    expect(inBuild).toHaveLength(10);
    expect(inPages).toEqual(inBuild);
  });

  it.skipIf(!hasS3)("writes the same entries to a real S3 server as a build, once", async () => {
    const { client, endpoint } = await startS3();
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey);
    const runtime = { vinext: "1.4.0" };
    const at = (prefix: string) => ({ type: "s3" as const, bucket: "cache", prefix, endpoint });
    const all = async (Prefix: string) => {
      const { Contents = [] } = await client.listObjectsV2({ Bucket: "cache", Prefix });
      const values = Contents.map(async ({ Key }: { Key: string }) => {
        const { Body, ContentType } = await client.getObject({ Bucket: "cache", Key });
        const value = timelessValue(await Body.transformToString());
        return [Key.slice(Prefix.length), ContentType, value];
      });
      return (await Promise.all(values)).sort();
    };
    await seedCache({ root: buildOfPages(), runtime, store: at("build/") });
    const seedGiven = (pages: SeedPage[]) =>
      seedCache({ root: ".", runtime, buildId: BUILD_ID, pages, store: at("pages/") });
    expect(await seedGiven(PAGES)).toMatchObject({ kvPairsUploaded: 10 });
    const [inBuild, inPages] = [await all("build/"), await all("pages/")];
    expect(inBuild).toHaveLength(10);
    expect(inPages).toEqual(inBuild);

    const again = await seedGiven(PAGES);
    expect(again).toMatchObject({ kvPairsUploaded: 0, kvPairsUnchanged: 10, warnings: [] });
    const [home, ...others] = PAGES as [SeedPage, ...SeedPage[]];
    const changed = await seedGiven([{ ...home, html: "<p>new</p>" }, ...others]);
    expect(changed).toMatchObject({ kvPairsUploaded: 1, kvPairsUnchanged: 9 });
  });

  it("writes to a handler", async () => {
    const stored = new Map<string, any>();
    const handler = { set: async (name: string, value: any) => void stored.set(name, value) };
    const result = await seedCacheHandler({ root: ".", ...SITE, handler, pages: PAGES });
    expect(result.kvPairsUploaded).toBe(stored.size);
    expect(stored.get(`app:v2:${BUILD_ID}:/about:html`).html).toBe(PAGES[1]?.html);
  });

  it("uses the build id and the trailing slash of the build in root", async () => {
    const root = buildOf([rendered("/other")], {}, { trailingSlash: true });
    const page = { pathname: "/about", html: "<p>about</p>" };
    const { directory, result } = await seedPages([page], { root, buildId: undefined });
    expect((await result).routes).toBe(1);
    const [[name, entry] = []] = Object.entries<any>(storedIn(directory));
    expect(name).toContain(BUILD_ID);
    expect(entry.tags).toContain("/about/");
  });

  it("streams: only a few pages wait to be packed", async () => {
    let yielded = 0;
    let stored = 0;
    let mostAhead = 0;
    const html = "x".repeat(64 * 1024);
    function* pages() {
      for (; yielded < 1500; yielded += 1) {
        mostAhead = Math.max(mostAhead, yielded - stored);
        yield { pathname: `/p${yielded}`, html };
      }
    }
    const handler = {
      set: async () => {
        stored += 1;
        await new Promise((resolve) => setImmediate(resolve));
      },
    };
    const options = { root: ".", ...SITE, handler, maxMemoryBytes: 32_000_000 };
    const result = await seedCacheHandler({ ...options, pages: pages() });
    expect(result.kvPairsUploaded).toBe(1500);
    // 32 MB are 488 of these pages.
    expect(mostAhead).toBeLessThan(488);
  });

  it("copies buffers, so the caller may reuse them", async () => {
    const buffer = Buffer.alloc(3);
    async function* pages() {
      for (let index = 0; index < 200; index += 1) {
        buffer.write(String(index).padStart(3, "0"));
        yield { pathname: `/p${index}`, html: buffer };
      }
    }
    const { directory, result } = await seedPages(pages());
    expect((await result).kvPairsUploaded).toBe(200);
    const stored = Object.values<any>(storedIn(directory)).map(({ value }) => value.html);
    expect(new Set(stored).size).toBe(200);
  });

  it("may be empty, or contain only pages that the runtime would not show", async () => {
    const nothing = await (await seedPages([])).result;
    expect(nothing).toMatchObject({ routes: 0, skippedCode: "nothing-seedable" });
    const failed = { pathname: "/bad", html: "<p>error</p>", rsc: '0:E{"digest":"7"}\n' };
    const { result } = await seedPages([failed, { pathname: "/good", html: "<p>good</p>" }]);
    const { routesSkipped, seededRoutes } = await result;
    expect(seededRoutes).toBe(1);
    expect(routesSkipped).toMatchObject([{ route: "/bad" }]);
  });
});

const GOOD: SeedPage = { pathname: "/good", html: "<p>good</p>" };

describe("an invalid page", () => {
  it.each<[string, unknown, string]>([
    ["is not an object", 7, "page 2 must be an object, not number"],
    ["has no pathname", { html: "x" }, "page 2: `pathname` must be a string, not undefined"],
    [
      "has a relative pathname",
      { pathname: "a", html: "x" },
      "page 2 (a): `pathname` does not begin",
    ],
    ["has a lone surrogate", { pathname: "/\ud800", html: "x" }, "has half of a surrogate pair"],
    ["has a query", { pathname: "/a?b", html: "x" }, "has a query or a fragment"],
    ["is badly encoded", { pathname: "/100%", html: "x" }, "is not valid percent-encoding"],
    ["has neither html nor rsc", { pathname: "/a" }, "page 2 (/a): `html` is missing"],
    ["has no html", { pathname: "/a", rsc: payload() }, "page 2 (/a): `html` is missing"],
    ["has empty html", { pathname: "/a", html: "" }, "page 2 (/a): `html` is empty"],
    ["has html of a wrong type", { pathname: "/a", html: 7 }, "`html` must be a string or bytes"],
    ["has rsc of a wrong type", { pathname: "/a", html: "x", rsc: {} }, "`rsc` must be a string"],
    ["has an unknown member", { pathname: "/a", html: "x", body: "x" }, "`body` is not a member"],
    ["has a wrong status", { pathname: "/a", html: "x", status: 99 }, "`status` must be a whole"],
    ["has a wrong revalidate", { pathname: "/a", html: "x", revalidate: 0 }, "not 0"],
    ["has a wrong expire", { pathname: "/a", html: "x", expire: "1" }, "not string"],
    ["has wrong tags", { pathname: "/a", html: "x", tags: [7] }, "`tags` must be an array"],
    ["has wrong headers", { pathname: "/a", html: "x", headers: { link: 7 } }, 'header "link"'],
    [
      "has a header that is not allowed",
      { pathname: "/a", html: "x", headers: { "Set-Cookie": "sid=1" } },
      'page 2 (/a): the header "set-cookie" is not allowed',
    ],
    [
      "redirects nowhere",
      { pathname: "/a", status: 308 },
      'a redirect needs the header "location"',
    ],
    [
      "repeats a pathname",
      { pathname: "/%67ood", html: "x" },
      "an earlier page has the same cache key",
    ],
  ])("%s", async (_, page, message) => {
    const { directory, result } = await seedPages([GOOD, page, { pathname: "/after", html: "x" }]);
    const error = await failureOf(result);
    expect(error.code).toBe("INVALID_PAGE");
    expect(error.message).toContain(message);
    expect(error.report).toMatchObject({ routes: 1, kvPairsUploaded: 1, kvPairsNotStored: 0 });
    expect(Object.keys(storedIn(directory))).toHaveLength(1);
  });
});

describe("an iterator", () => {
  it("that throws ends the run with a report and the thrown error as cause", async () => {
    const thrown = new Error("the database is gone");
    async function* pages() {
      yield GOOD;
      throw thrown;
    }
    const error = await failureOf((await seedPages(pages())).result);
    expect(error).toMatchObject({ code: "PAGES_FAILED", cause: thrown });
    expect(error.message).toContain("after 1 pages: the database is gone");
    expect(error.report).toMatchObject({ kvPairsUploaded: 1, routes: 1 });
  });

  it("that never yields does not prevent an abort", async () => {
    const controller = new AbortController();
    let isClosed = false;
    const pages = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    setTimeout(() => controller.abort(), 50);
    const error = await failureOf((await seedPages(pages, { signal: controller.signal })).result);
    expect(error).toMatchObject({ code: "ABORT_ERR", report: { kvPairsUploaded: 0 } });
    expect(isClosed).toBe(true);
  });

  it("is not asked for more pages after the store has failed", async () => {
    let yielded = 0;
    function* pages() {
      for (;;) yield { pathname: `/p${(yielded += 1)}`, html: "x".repeat(10_000) };
    }
    const handler = {
      set: () => {
        throw new Error("full");
      },
    };
    const options = { root: ".", ...SITE, handler, pages: pages(), retry: { attempts: 1 } };
    const { report, code } = await failureOf(seedCacheHandler(options));
    expect(code).toBe("HANDLER_FAILED");
    expect(report).toMatchObject({ kvPairsUploaded: 0, kvPairsNotStored: report?.routes });
  });

  it.each([7, "text", {}, true])("must be an iterator: %j", async (pages) => {
    const error = await failureOf((await seedPages(pages)).result);
    expect(error).toMatchObject({ code: "INVALID_OPTION" });
    expect(error.message).toContain("option `pages` must be an iterable");
  });

  it("is not started if there is nothing to do", async () => {
    let isBegun = false;
    function* pages() {
      isBegun = true;
      yield GOOD;
    }
    const options = { root: temporaryDirectory(), buildId: undefined };
    const { skippedCode } = await (await seedPages(pages(), options)).result;
    expect(skippedCode).toBe("no-manifest");
    const error = await failureOf((await seedPages(pages(), { maxWrites: 1 })).result);
    expect(error.message).toContain("option `maxWrites` needs to know all pages");
    expect(isBegun).toBe(false);
  });
});

it("a build id without pages is rejected", async () => {
  const store = { type: "dir" as const, path: temporaryDirectory() };
  const error = await failureOf(seedCache({ root: ".", ...SITE, store }));
  expect(error).toMatchObject({ code: "INVALID_OPTION" });
  expect(error.message).toBe("option `buildId` has a meaning only with `pages`");
});
