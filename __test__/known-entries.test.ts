// What is stored already is not written again: against real KV behind the local API.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { seedKvCache, type SeedOptions } from "../index.js";
import { BUILD_ID, buildOf, key, payload, rendered } from "./support/build.js";
import { startCountingApi, type CountingApi } from "./support/counting-api.js";
import { useLocalKv } from "./support/local-kv.js";
import { NAMESPACE } from "./support/project.js";
import { failureOf, TARGET } from "./support/seed.js";

const kv = useLocalKv();
const { call } = kv;
let api: CountingApi;

beforeEach(async () => {
  api = await startCountingApi(kv.baseUrl);
});

function seedInto(root: string, options: Partial<SeedOptions> = {}) {
  const namespaceId = NAMESPACE;
  return seedKvCache({ ...TARGET, root, namespaceId, apiBaseUrl: api.baseUrl, ...options });
}

/** A site of static pages, each with its payload. */
function site(pages: number, more: (page: number) => Record<string, unknown> = () => ({})) {
  const names = Array.from({ length: pages }, (_, page) => `p${page}`);
  const files = names.flatMap((name) => [
    [`${name}.html`, `<p>${name}</p>`],
    [`${name}.rsc`, payload(name)],
  ]);
  const routes = names.map((name, page) => rendered(`/${name}`, more(page)));
  return buildOf(routes, Object.fromEntries(files));
}

function change(root: string, file: string, content: string) {
  writeFileSync(path.join(root, "dist", "server", "prerendered-routes", file), content);
}

const invalidate = (tag: string, value: string) =>
  call("PUT", "/bulk", [{ key: `__tag:${tag}`, value }]);

describe("a build that is seeded again", () => {
  it("writes nothing, with one list call for keys and one for tag markers", async () => {
    const root = site(600);
    const first = await seedInto(root);
    expect(first).toMatchObject({ kvPairsUploaded: 1200, kvPairsUnchanged: 0, seededRoutes: 600 });
    expect(api.lists).toHaveLength(1);
    api.reset();
    const second = await seedInto(root);
    expect(second).toMatchObject({
      kvPairsUploaded: 0,
      kvPairsUnchanged: 1200,
      kvPairsPlanned: 1200,
      kvPairsNotStored: 0,
      seededRoutes: 600,
      batches: 0,
    });
    expect(second.skipped).toBeUndefined();
    expect(api.bulks).toBe(0);
    const entries = api.lists.filter((url) => url.includes("cache"));
    expect([entries.length, api.lists.length]).toEqual([2, 3]);
  });

  it("writes only changed entries", async () => {
    const root = site(100);
    await seedInto(root);
    api.reset();
    change(root, "p7.html", "<p>new</p>");
    const result = await seedInto(root);
    expect(result).toMatchObject({ kvPairsUploaded: 1, kvPairsUnchanged: 199, seededRoutes: 100 });
    expect(api.writes).toEqual([key("/p7", "html")]);
  });

  it("writes everything with `force`, without listing", async () => {
    const root = site(3);
    await seedInto(root);
    api.reset();
    expect(await seedInto(root, { force: true })).toMatchObject({ kvPairsUploaded: 6 });
    expect(api.lists).toEqual([]);
  });

  it("writes everything and warns if keys cannot be listed", async () => {
    const root = site(3);
    await seedInto(root);
    api.reset();
    api.refusesLists = 403;
    const result = await seedInto(root);
    expect(result).toMatchObject({ kvPairsUploaded: 6, kvPairsUnchanged: 0 });
    expect(result.warnings).toEqual([expect.stringContaining("every entry is written")]);
  });

  it("writes a page with another lifetime, status, tag or header", async () => {
    const before = { revalidate: 60, tags: ["a"], headers: { "x-a": "1" } };
    const files = { "a.html": "A", "a.rsc": payload() };
    const build = (more: object) => buildOf([rendered("/a", { ...before, ...more })], files);
    await seedInto(build({}));
    expect(await seedInto(build({}))).toMatchObject({ kvPairsUploaded: 0 });
    for (const more of [{ revalidate: 61 }, { expire: 3600 }, { tags: ["b"] }]) {
      expect(await seedInto(build(more)), JSON.stringify(more)).toMatchObject({
        kvPairsUploaded: 2,
      });
    }
    expect(await seedInto(build({ tags: ["b"] }), { ttlSeconds: 7200 })).toMatchObject({
      kvPairsUploaded: 2,
    });
  });
});

describe("an entry is written again", () => {
  it("if one of its tags was invalidated after rendering", async () => {
    const root = site(3, (page) => ({ tags: [`t${page}`] }));
    await seedInto(root);
    await invalidate("t1", String(Date.now() + 60_000));
    await invalidate("t2", "1000");
    await invalidate("other", String(Date.now() + 60_000));
    api.reset();
    await seedInto(root);
    expect(api.writes).toEqual([key("/p1", "html"), key("/p1", "rsc")]);
  });

  it("if the invalidation time cannot be read", async () => {
    const root = site(2, (page) => ({ tags: [`t${page}`] }));
    await seedInto(root);
    await invalidate("t1", "soon");
    api.reset();
    await seedInto(root);
    expect(api.writes).toEqual([key("/p1", "html"), key("/p1", "rsc")]);
  });

  it("if the runtime has written it since", async () => {
    const root = site(2);
    await seedInto(root);
    const metadata = { tags: ["/p1"] };
    await call("PUT", "/bulk", [{ key: key("/p1", "html"), value: "{}", metadata }]);
    api.reset();
    await seedInto(root);
    expect(api.writes).toEqual([key("/p1", "html")]);
  });

  it("if less than half of its TTL is left, or its TTL was removed", async () => {
    const root = site(3, () => ({ revalidate: 3600 }));
    await seedInto(root);
    const { result } = await call("GET", "/keys?limit=1000");
    const record = (name: string) => result.find((one: any) => one.name === name).metadata;
    const value = "{}";
    await call("PUT", "/bulk", [
      {
        key: key("/p0", "html"),
        value,
        expiration_ttl: 17_000,
        metadata: record(key("/p0", "html")),
      },
      { key: key("/p1", "html"), value, metadata: record(key("/p1", "html")) },
      {
        key: key("/p2", "html"),
        value,
        expiration_ttl: 19_000,
        metadata: record(key("/p2", "html")),
      },
    ]);
    api.reset();
    await seedInto(root);
    expect(api.writes).toEqual([key("/p0", "html"), key("/p1", "html")]);
  });

  it("if its tags leave no room for the digest", async () => {
    const tags = Array.from({ length: 60 }, (_, index) => `a-rather-long-tag-${index}`);
    const root = site(2, (page) => (page === 1 ? { tags } : {}));
    await seedInto(root);
    api.reset();
    await seedInto(root);
    expect(api.writes).toEqual([key("/p1", "html"), key("/p1", "rsc")]);
  });
});

describe("an interrupted run", () => {
  it("continues where it stopped", async () => {
    const root = site(20);
    const controller = new AbortController();
    api.onBulk = () => {
      if (api.bulks === 3) controller.abort();
    };
    const options = { maxBatchPairs: 4, concurrency: 1, signal: controller.signal };
    const { code } = await failureOf(seedInto(root, options));
    expect(code).toBe("ABORT_ERR");
    // A request that was on its way may still be stored.
    api.reset();
    const result = await seedInto(root);
    expect(result.kvPairsUnchanged).toBeGreaterThanOrEqual(12);
    expect(result.kvPairsUnchanged).toBeLessThanOrEqual(16);
    expect(result).toMatchObject({
      kvPairsUploaded: 40 - result.kvPairsUnchanged,
      seededRoutes: 20,
    });
  });

  it("continues after the daily quota until everything is stored", async () => {
    const root = site(20);
    for (const expected of [16, 32]) {
      api.reset();
      api.quota = 16;
      const options = { maxBatchPairs: 4, concurrency: 1 };
      const { code, message, report } = await failureOf(seedInto(root, options));
      expect(code).toBe("KV_QUOTA_EXHAUSTED");
      expect(message).toContain("00:00 UTC");
      expect(message).toContain("run again after that");
      expect((report?.kvPairsUnchanged ?? 0) + (report?.kvPairsUploaded ?? 0)).toBe(expected);
      expect(report?.kvPairsPlanned).toBe(40);
    }
    api.reset();
    expect(await seedInto(root)).toMatchObject({ kvPairsUploaded: 8, kvPairsUnchanged: 32 });
  });
});

describe("a budget of writes", () => {
  const build = () =>
    buildOf(
      [
        rendered("/deep/er/page"),
        rendered("/isr", { revalidate: 60 }),
        rendered("/about"),
        rendered("/"),
        rendered("/blog/a"),
      ],
      Object.fromEntries(
        ["deep/er/page", "isr", "about", "index", "blog/a"].flatMap((name) => [
          [`${name}.html`, name],
          [`${name}.rsc`, payload(name)],
        ]),
      ),
    );

  it("is spent on the most important entries; the rest is reported", async () => {
    const result = await seedInto(build(), { maxWrites: 4 });
    expect(new Set(api.writes)).toEqual(
      new Set(["/", "/about", "/isr", "/blog/a"].map((page) => key(page, "html"))),
    );
    expect(result).toMatchObject({
      kvPairsUploaded: 4,
      kvPairsUnchanged: 0,
      kvPairsNotStored: 6,
      kvPairsPlanned: 10,
      seededRoutes: 4,
    });
    expect(result.notStored).toMatchObject([{ code: "over-budget", count: 6, mayBeStored: false }]);
    expect(result.notStored[0]?.keys).toHaveLength(6);
  });

  it("is spent on the paths of `first` before others", async () => {
    await seedInto(build(), { maxWrites: 3, first: ["/deep/**"] });
    expect(new Set(api.writes)).toEqual(
      new Set([key("/deep/er/page", "html"), key("/deep/er/page", "rsc"), key("/", "html")]),
    );
  });

  it("is not spent on unchanged entries, so later runs seed the rest", async () => {
    const root = build();
    for (const [uploaded, unchanged] of [
      [4, 0],
      [4, 4],
      [2, 8],
      [0, 10],
    ]) {
      const result = await seedInto(root, { maxWrites: 4 });
      expect(result).toMatchObject({ kvPairsUploaded: uploaded, kvPairsUnchanged: unchanged });
    }
  });

  it("goes twice as far with `htmlOnly`", async () => {
    const result = await seedInto(build(), { htmlOnly: true });
    expect(result).toMatchObject({ kvPairsUploaded: 5, kvPairsPlanned: 5, seededRoutes: 5 });
    expect(api.writes.every((name) => name.endsWith(":html"))).toBe(true);
  });
});

it("does not confuse builds, even if one id is a prefix of the other", async () => {
  const page = [rendered("/a")];
  const files = { "a.html": "A", "a.rsc": payload() };
  await seedInto(buildOf(page, files, { buildId: "v1" }));
  const longer = buildOf(page, files, { buildId: "v1:x" });
  expect(await seedInto(longer)).toMatchObject({ kvPairsUploaded: 2 });
  expect(await seedInto(buildOf(page, files, { buildId: BUILD_ID }))).toMatchObject({
    kvPairsUploaded: 2,
  });
});
