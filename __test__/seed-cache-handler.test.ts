// Any cache handler, through its `set`: what it gets, compared with what vinext's own start-up gives it,
// and how a failing one is reported.

import path from "node:path";
import { describe, expect, it } from "vitest";
import { seedCacheHandler } from "../index.js";
import { buildOf, payload, rendered } from "./support/build.js";
import { failureOf } from "./support/seed.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };
const QUICK = { retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 2 } };

const SERVER = new URL("../compat/oracles/node_modules/vinext-1.4.0/dist/", import.meta.url);

/** A handler that keeps the arguments of each call. */
function recorder() {
  const calls = new Map<string, { value: any; context: any }>();
  const set = async (key: string, value: any, context: any) =>
    void calls.set(key, { value, context });
  return { calls, handler: { get: async () => null, set, revalidateTag: async () => {} } };
}

/** What vinext's own start-up hands to a handler. */
async function asVinextDoes(root: string) {
  const { calls, handler } = recorder();
  const { setCacheHandler } = await import(new URL("shims/cache.js", SERVER).href);
  setCacheHandler(handler);
  const { seedMemoryCacheFromPrerender } = await import(
    new URL("server/seed-cache.js", SERVER).href
  );
  await seedMemoryCacheFromPrerender(path.join(root, "dist", "server"));
  return calls;
}

function site(count: number) {
  const pages = Array.from({ length: count }, (_, index) => `/p${index}`);
  const files = pages.flatMap((page) => [
    [`${page.slice(1)}.html`, `<p>${page}</p>`],
    [`${page.slice(1)}.rsc`, payload(page)],
  ]);
  return buildOf(
    pages.map((page) => rendered(page)),
    Object.fromEntries(files),
  );
}

/** A report whose entries are all accounted for. */
function expectComplete(report: any, planned: number) {
  expect(report.kvPairsPlanned).toBe(planned);
  expect(report.kvPairsUploaded + report.kvPairsNotStored).toBe(planned);
}

describe("seedCacheHandler", () => {
  it("calls `set` with the same arguments as vinext's start-up", async () => {
    const root = buildOf(
      [
        rendered("/"),
        rendered("/hourly", { revalidate: 3600, expire: 7200, tags: ["posts", "a,b"] }),
        rendered("/stale", { revalidate: 60, expire: 600, stale: 30 }),
        rendered("/sitemap.xml", {
          router: "metadata",
          revalidate: 3600,
          expire: 86_400,
          stale: 300,
          routeSegments: [],
          headers: { "content-type": "application/xml" },
          responseStatus: 200,
        }),
        rendered("/robots.txt", { router: "metadata", routeSegments: [] }),
        rendered("/posts/[slug]", { path: "/posts/caf\u00e9 1", revalidate: 60 }),
      ],
      {
        "sitemap.xml.route": "<urlset/>",
        "robots.txt.route": "User-agent: *",
        "index.html": "<p>home \u{1f600}\u2028</p>",
        "index.rsc": payload("home"),
        "hourly.html": '<p>\\ "</p>',
        "hourly.rsc": payload("hourly"),
        "stale.html": "<p>stale</p>",
        "stale.rsc": payload("stale"),
        "posts/caf\u00e9 1.html": "<p>post</p>",
        "posts/caf\u00e9 1.rsc": payload("post"),
      },
    );
    const { calls, handler } = recorder();
    const result = await seedCacheHandler({ root, ...RUNTIME, handler });
    expect(result).toMatchObject({ seededRoutes: 6, kvPairsUploaded: 10, routesSkipped: [] });
    const expected = await asVinextDoes(root);
    expect(expected.size).toBe(10);
    expect([...calls.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [key, call] of expected) {
      // A page that is rendered on demand is tagged by its route, and the home page with `index` too;
      // start-up does so only where the manifest lists these tags.
      const tags = call.context.tags.map((tag: string) =>
        tag.replace("/posts/caf%C3%A9 1/", "/posts/[slug]/"),
      );
      const at = tags.indexOf("_N_T_/") + 1;
      if (at > 0) tags.splice(at, 0, "_N_T_/index");
      const context = { ...call.context, tags };
      expect(calls.get(key), key).toStrictEqual({ ...call, context });
    }
  });

  it("limits concurrent calls", async () => {
    const root = site(40);
    let [underWay, most] = [0, 0];
    const set = async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 2));
      underWay--;
    };
    const options = { root, ...RUNTIME, handler: { set }, concurrency: 3 };
    expect(await seedCacheHandler(options)).toMatchObject({ kvPairsUploaded: 80 });
    expect(most).toBe(3);
  });

  it("is not limited by Cloudflare's request quota", async () => {
    const { calls, handler } = recorder();
    const result = await seedCacheHandler({ root: site(700), ...RUNTIME, handler });
    expect(result).toMatchObject({ kvPairsUploaded: 1400, kvPairsNotStored: 0 });
    expect(calls.size).toBe(1400);
  });

  it("retries if `set` throws, and reports failed keys", async () => {
    let thrown = 0;
    const set = (key: string) => {
      if (key.includes("/p5:")) throw new Error("no \u001b[31mroom");
      if (key.includes("/p2:") && thrown++ < 1) throw new Error("once");
    };
    const failure = await failureOf(
      seedCacheHandler({ root: site(10), ...RUNTIME, ...QUICK, handler: { set } }),
    );
    expect(failure.code).toBe("HANDLER_FAILED");
    expect(failure.message).toContain("`set` of the cache handler failed: no room;");
    expectComplete(failure.report, 20);
    expect(failure.report?.kvPairsNotStored).toBe(2);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("down");
      },
    ],
    ["rejects with no error", () => Promise.reject(null)],
    [
      "throws what is no text",
      () => {
        throw Object.create(null);
      },
    ],
  ])("accounts for every entry if `set` always %s", async (_, set) => {
    const failure = await failureOf(
      seedCacheHandler({ root: site(10), ...RUNTIME, ...QUICK, handler: { set } }),
    );
    expect(failure.code).toBe("HANDLER_FAILED");
    expectComplete(failure.report, 20);
    expect(failure.report?.kvPairsUploaded).toBe(0);
  });

  it("ends if `set` never settles", async () => {
    const handler = { set: () => new Promise(() => {}) };
    const options = { root: site(10), ...RUNTIME, ...QUICK, handler };
    const failure = await failureOf(seedCacheHandler({ ...options, timeouts: { requestMs: 20 } }));
    expect(failure.code).toBe("HANDLER_TIMEOUT");
    expect(failure.message).toContain("20 ms");
    expectComplete(failure.report, 20);
  });

  it("does not count a busy event loop as a timeout", async () => {
    const set = async () => {
      const until = Date.now() + 30;
      while (Date.now() < until);
    };
    const options = { root: site(5), ...RUNTIME, handler: { set }, timeouts: { requestMs: 10 } };
    expect(await seedCacheHandler(options)).toMatchObject({ kvPairsUploaded: 10 });
  });

  it("stops on abort", async () => {
    const abort = new AbortController();
    let calls = 0;
    const set = async () => {
      if (++calls === 5) abort.abort();
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const options = { root: site(50), ...RUNTIME, handler: { set }, concurrency: 1 };
    const failure = await failureOf(seedCacheHandler({ ...options, signal: abort.signal }));
    expect(failure.code).toBe("ABORT_ERR");
    // What was packed by then is accounted for.
    expectComplete(failure.report, failure.report?.kvPairsPlanned as number);
    expect(calls).toBeLessThan(10);
  });

  it.each([
    [undefined, "must be a cache handler, an object with `set`, not undefined"],
    [null, "must be a cache handler, an object with `set`, not null"],
    ["redis", "must be a cache handler, an object with `set`, not string"],
    [{ get() {} }, "has no method `set`"],
    [
      class {
        set() {}
      },
      "has no method `set`; call the factory, or create the class, first",
    ],
  ])("rejects an invalid handler: %o", async (handler, problem) => {
    const failure = await failureOf(
      seedCacheHandler({ root: site(1), ...RUNTIME, handler: handler as any }),
    );
    expect(failure).toMatchObject({
      code: "INVALID_OPTION",
      message: `option \`handler\` ${problem}`,
    });
  });
});
