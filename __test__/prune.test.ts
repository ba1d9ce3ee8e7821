// Pruning deletes entries of old builds, and nothing else: against real KV behind the local API.

import { createServer } from "node:http";
import { beforeEach, describe, expect, it } from "vitest";
import {
  pruneFromProject,
  pruneKvCache,
  seedKvCache,
  type ProjectPruneOptions,
  type SeedOptions,
} from "../index.js";
import { buildOf, payload, rendered, temporaryDirectory } from "./support/build.js";
import { cli } from "./support/cli.js";
import { ACCOUNT } from "./support/cloudflare.js";
import { startCountingApi, type CountingApi } from "./support/counting-api.js";
import { useLocalKv } from "./support/local-kv.js";
import { listen } from "./support/loopback.js";
import { NAMESPACE, writeProject } from "./support/project.js";
import { failureOf, TOKEN } from "./support/seed.js";

const RUNTIME = { vinext: "1.4.0", cloudflare: "1.0.0-beta.7" };
const kv = useLocalKv();
const { call, keys } = kv;
let api: CountingApi;

beforeEach(async () => {
  api = await startCountingApi(kv.baseUrl);
});

const put = (entries: Record<string, object | string>) =>
  call(
    "PUT",
    "/bulk",
    Object.entries(entries).map(([key, value]) => ({
      key,
      value: typeof value === "string" ? value : JSON.stringify(value),
    })),
  );

/** A build of this many pages, each with its payload. */
function build(buildId: string, pages = 2) {
  const names = Array.from({ length: pages }, (_, page) => `p${page}`);
  const files = names.flatMap((name) => [
    [`${name}.html`, `<p>${name}</p>`],
    [`${name}.rsc`, payload(name)],
  ]);
  const routes = names.map((name) => rendered(`/${name}`));
  return buildOf(routes, Object.fromEntries(files), { buildId });
}

async function seed(root: string, options: Partial<SeedOptions> = {}) {
  return seedKvCache({
    root,
    accountId: ACCOUNT,
    namespaceId: NAMESPACE,
    apiToken: TOKEN,
    apiBaseUrl: api.baseUrl,
    runtime: RUNTIME,
    ...options,
  });
}

/** Seeds builds one after another, and returns the last one's project. */
async function deploys(buildIds: string[], options: Partial<SeedOptions> = {}) {
  let root = "";
  for (const buildId of buildIds) {
    root = build(buildId);
    await seed(root, options);
  }
  return root;
}

function prune(root: string, options: ProjectPruneOptions = {}) {
  return pruneFromProject({
    root,
    accountId: ACCOUNT,
    namespaceId: NAMESPACE,
    apiToken: TOKEN,
    apiBaseUrl: api.baseUrl,
    runtime: RUNTIME,
    workerName: "shop",
    viteConfig: false,
    ...options,
  });
}

/** The builds that have entries, as their keys say. */
async function stored() {
  const ids = (await keys("cache:")).map((name) => /^cache:app:v2:(.+?):\//u.exec(name)?.[1]);
  return [...new Set(ids)].sort();
}

/** A site that answers everything with a text and headers. */
async function startSite(text: string, headers: Record<string, string> = {}, status = 200) {
  const server = createServer((_, response) => {
    response.writeHead(status, headers);
    response.end(text);
  });
  return `http://127.0.0.1:${await listen(server)}/`;
}

describe("seeding writes a record of its build", () => {
  const listed = async () => (await call("GET", "/keys?limit=1000&prefix=vinext-seed:")).result;

  it("with its id, time and number of entries, outside the adapter's prefixes", async () => {
    const before = Date.now();
    await seed(build("b1"));
    expect(await listed()).toEqual([{ name: "vinext-seed:build:b1" }]);
    const record = await call("GET", "/values/vinext-seed%3Abuild%3Ab1");
    expect(record).toMatchObject({ buildId: "b1", entries: 4, keyPrefix: "cache:app:v2:b1:" });
    expect(record.seededAt).toBeGreaterThanOrEqual(before);
  });

  it("that expires with the pages, if they do", async () => {
    await seed(build("b1"), { staticTtlSeconds: 3600 });
    const [{ expiration }] = await listed();
    expect(expiration).toBeGreaterThan(Date.now() / 1000 + 3500);
    expect(expiration).toBeLessThan(Date.now() / 1000 + 3700);
  });

  it("but not if nothing was written or `maxWrites` is used up", async () => {
    await seed(build("b1"), { maxWrites: 4 });
    expect(await listed()).toEqual([]);
    expect(api.writes).toHaveLength(4);
    api.reset();
    await seed(build("b1"));
    expect(api.writes).toEqual([]);
  });

  it("behind the app prefix", async () => {
    await seed(build("b1"), { appPrefix: "shop" });
    expect(await keys("shop:vinext-seed:")).toEqual(["shop:vinext-seed:build:b1"]);
  });
});

describe("a deleted build", () => {
  it("is not in dist, not live and not among the newest", async () => {
    const root = await deploys(["b1", "b2", "b3", "b4", "b5"]);
    api.workerCode = 'var id="b2";';
    const result = await prune(root, { keep: 2 });
    expect(result).toMatchObject({ kvPairsDeleted: 8, kvPairsNotDeleted: 0 });
    expect(result.skipped).toBeUndefined();
    expect(result.builds).toMatchObject([
      { buildId: "b5", kvPairs: 4, kept: "it is the build in dist" },
      { buildId: "b4", kvPairs: 4, kept: "it is one of the newest builds" },
      { buildId: "b3", kvPairs: 4, kvPairsDeleted: 4 },
      { buildId: "b2", kvPairs: 4, kept: "the deployed Worker shows its id" },
      { buildId: "b1", kvPairs: 4, kvPairsDeleted: 4 },
    ]);
    expect(await stored()).toEqual(["b2", "b4", "b5"]);
    expect(await keys("vinext-seed:")).toEqual(
      ["b2", "b4", "b5"].map((id) => `vinext-seed:build:${id}`),
    );
  });

  it("never includes other keys", async () => {
    const others = [
      "__tag:_N_T_/about",
      "cache:fetch:0123456789abcdef",
      'cache:unstable_cache:["app:v2:b1:/x"]',
      "cache:use-cache:app:v2:b1:/x",
      "cache:__hash:0123456789abcdef",
      "cache:app:v2:/no-id:html",
      "other:cache:app:v2:b1:/p0:html",
      "other:vinext-seed:build:b1",
      "app:v2:b1:/p0:html",
      "settings",
    ];
    await put(Object.fromEntries(others.map((key) => [key, "kept"])));
    const root = await deploys(["b1", "b2"]);
    api.workerCode = "b2";
    expect(await prune(root, { keep: 1 })).toMatchObject({ kvPairsDeleted: 4 });
    const left = await keys();
    expect(others.filter((key) => !left.includes(key))).toEqual([]);
    expect(await stored()).toContain("b2");
    expect(left.filter((key) => key.startsWith("cache:app:v2:b1"))).toEqual([]);
  });

  it("may have another version's keys", async () => {
    const old = { lastModified: Date.now() - 90 * 86_400_000, value: { kind: "APP_PAGE" } };
    await put({ "cache:app:b0:/:html": old, "cache:app:b0:/a:rsc": old });
    const root = await deploys(["b1"]);
    api.workerCode = "b1";
    const result = await prune(root, { keep: 1 });
    expect(result.builds?.[1]).toMatchObject({ buildId: "b0", seededAt: old.lastModified });
    expect(await keys("cache:app:b0:")).toEqual([]);
  });

  it("is not among the newest builds with entries, regardless of leftover records", async () => {
    const root = await deploys(["b1", "b2", "b3"]);
    await call("POST", "/bulk/delete", await keys("cache:app:v2:b2:"));
    api.workerCode = 'var id="b3";';
    expect(await prune(root, { keep: 2 })).toMatchObject({ kvPairsDeleted: 0 });
    expect(await stored()).toEqual(["b1", "b3"]);
  });

  it("has a known age", async () => {
    await put({ "cache:app:v2:b0:/p0:html": "no JSON" });
    const root = await deploys(["b1"]);
    api.workerCode = "b1";
    const result = await prune(root, { keep: 1 });
    expect(result).toMatchObject({ kvPairsDeleted: 0 });
    expect(result.builds?.[1]?.kept).toBe("its age is unknown");
  });

  it("is older than the age limit", async () => {
    const root = await deploys(["b1", "b2"]);
    api.workerCode = "b2";
    expect(await prune(root, { keep: 1, olderThanSeconds: 3600 })).toMatchObject({
      kvPairsDeleted: 0,
      builds: [{ buildId: "b2" }, { buildId: "b1", kept: "it is younger than the age limit" }],
    });
  });

  it("belongs to the given app prefix", async () => {
    await deploys(["b1", "b2"], { appPrefix: "blog" });
    const root = await deploys(["b1", "b2"], { appPrefix: "shop" });
    api.workerCode = "b2";
    const result = await prune(root, { keep: 1, appPrefix: "shop" });
    expect(result).toMatchObject({ kvPairsDeleted: 4 });
    expect((await keys("blog:cache:")).length).toBe(8);
    expect((await keys("shop:cache:")).length).toBe(4);
  });

  it("has unambiguous keys", async () => {
    await deploys(["release", "b1", "live"]);
    const root = await deploys(["release:/x"]);
    api.workerCode = "live";
    const result = await prune(root, { keep: 1 });
    expect(result.builds?.map(({ buildId, kept }) => [buildId, kept])).toEqual([
      ["release:/x", "it is the build in dist"],
      ["live", "the deployed Worker shows its id"],
      ["b1", undefined],
      ["release", "its id cannot be distinguished from that of a build that is kept"],
    ]);
    expect(await keys("cache:app:v2:release:")).toHaveLength(8);
  });
});

describe("nothing is deleted", () => {
  const unsure = (reason: RegExp) => ({
    kvPairsDeleted: 0,
    skipped: expect.stringMatching(reason),
    skippedCode: "live-build-unknown",
  });

  it("if the token cannot read the Worker and no site is given", async () => {
    const root = await deploys(["b1", "b2"]);
    expect(await prune(root, { keep: 1 })).toMatchObject(unsure(/Workers Scripts: Read.*--url/u));
    expect(api.deletes).toEqual([]);
  });

  it("if nothing names the Worker", async () => {
    const root = await deploys(["b1", "b2"]);
    const { workerName: _, ...options } = { workerName: undefined, keep: 1 };
    const result = await pruneFromProject({
      ...{ root, accountId: ACCOUNT, namespaceId: NAMESPACE, apiToken: TOKEN, ...options },
      ...{ apiBaseUrl: api.baseUrl, runtime: RUNTIME, viteConfig: false },
    });
    expect(result).toMatchObject(unsure(/--name/u));
  });

  it.each([
    ["a build that is not known", 'var id="b9";'],
    ["nothing", ""],
  ])("if the Worker shows %s", async (_, code) => {
    const root = await deploys(["b1", "b2"]);
    api.workerCode = code;
    expect(await prune(root, { keep: 1 })).toMatchObject(unsure(/recognized/u));
    expect(await stored()).toEqual(["b1", "b2"]);
  });

  it("if the site does not answer, or shows no build", async () => {
    const root = await deploys(["b1", "b2"]);
    const closed = createServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const url = `http://127.0.0.1:${port}`;
    expect(await prune(root, { keep: 1, url })).toMatchObject(unsure(/live build is unknown/u));
    const other = await startSite("<p>Another site</p>");
    expect(await prune(root, { keep: 1, url: other })).toMatchObject(unsure(/recognized/u));
  }, 30_000);

  it("in a dry run", async () => {
    const root = await deploys(["b1", "b2"]);
    api.workerCode = "b2";
    expect(await prune(root, { keep: 1, dryRun: true })).toMatchObject({
      kvPairsDeleted: 0,
      kvPairsNotDeleted: 4,
    });
    expect(api.deletes).toEqual([]);
    expect(await stored()).toEqual(["b1", "b2"]);
  });

  it("if the keys cannot be listed", async () => {
    const root = await deploys(["b1", "b2"]);
    api.workerCode = "b2";
    api.refusesLists = 403;
    const result = await prune(root, { keep: 1 });
    expect(result.failure).toMatchObject({ code: "KV_UNAUTHORIZED" });
    expect(result.failure?.message).toMatch(/nothing was deleted/u);
    expect(api.deletes).toEqual([]);
  });

  it("without a build", async () => {
    const root = temporaryDirectory();
    expect(await prune(root)).toMatchObject({ skippedCode: "no-manifest" });
  });

  it("of a version before 0.2.1, and names the option that allows it", async () => {
    const runtime = { vinext: "0.0.38" };
    const result = await prune(build("b1"), { runtime });
    expect(result).toMatchObject({
      skippedCode: "unproven-routes",
      skipped: expect.stringContaining("`allowUnprovenRoutes`"),
    });
  });

  it("with invalid options", async () => {
    const root = build("b1");
    for (const options of [
      { keep: 0 },
      { keep: 1.5 },
      { maxDeletes: -1 },
      { olderThanSeconds: 0 },
    ]) {
      expect(await failureOf(prune(root, options))).toMatchObject({ code: "INVALID_OPTION" });
    }
    for (const url of ["example.com", "ftp://example.com", "https://user:pw@example.com"]) {
      expect(await failureOf(prune(root, { url }))).toMatchObject({ code: "INVALID_OPTION" });
    }
  });
});

it("entries of both routers belong to one build", async () => {
  const root = await deploys(["b1", "b2", "b3"]);
  await put({
    "cache:pages:v2:b1:/a": { value: null, lastModified: Date.now() },
    "cache:pages:v2:b2:/a": { value: null, lastModified: Date.now() },
  });
  api.workerCode = 'var id="b3";';
  const result = await prune(root, { keep: 2 });
  expect(result.builds).toMatchObject([
    { buildId: "b3", kvPairs: 4, kept: "it is the build in dist" },
    { buildId: "b2", kvPairs: 5, kept: "it is one of the newest builds" },
    { buildId: "b1", kvPairs: 5, kvPairsDeleted: 5 },
  ]);
  expect(await keys("cache:pages:")).toEqual(["cache:pages:v2:b2:/a"]);
});

describe("the live build", () => {
  it("is found by the site's id or payload header", async () => {
    const root = await deploys(["b1", "b2", "b3", "b4"]);
    const url = await startSite("not found", { "x-vinext-rsc-build-id": "b2" }, 404);
    const result = await prune(root, { keep: 1, url });
    expect(result).toMatchObject({ kvPairsDeleted: 8 });
    expect(await stored()).toEqual(["b2", "b4"]);
  });
});

describe("pruneKvCache", () => {
  const target = () => ({
    ...{ accountId: ACCOUNT, namespaceId: NAMESPACE, apiToken: TOKEN, apiBaseUrl: api.baseUrl },
    ...{ runtime: RUNTIME, keep: 1 },
  });

  it("deletes by the same rules, without a wrangler configuration", async () => {
    const root = await deploys(["b1", "b2", "b3"]);
    api.workerCode = 'var id="b2";';
    const result = await pruneKvCache({ root, workerName: "shop", ...target() });
    expect(result).toMatchObject({ kvPairsDeleted: 4, kvPairsNotDeleted: 0 });
    expect(await stored()).toEqual(["b2", "b3"]);
  });

  it("deletes nothing without a site or a Worker", async () => {
    const root = await deploys(["b1", "b2"]);
    expect(await pruneKvCache({ root, ...target() })).toMatchObject({
      skippedCode: "live-build-unknown",
    });
    expect(await stored()).toEqual(["b1", "b2"]);
  });

  it("rejects options that are missing or wrong", async () => {
    const root = await deploys(["b1", "b2"]);
    const { apiToken: _, ...rest } = target();
    for (const options of [
      { root, ...rest },
      { root, ...target(), url: "no url" },
    ]) {
      await expect(pruneKvCache(options as any)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    }
  });
});

describe("deletes", () => {
  it("stop at `maxDeletes`, oldest build first; the next run continues", async () => {
    const root = await deploys(["b1", "b2", "b3"]);
    api.workerCode = "b3";
    const options = { keep: 1, maxDeletes: 6 };
    const first = await prune(root, options);
    expect(first).toMatchObject({ kvPairsDeleted: 5, kvPairsNotDeleted: 3 });
    // The record of the oldest build is the sixth.
    expect(api.deletes).toHaveLength(6);
    expect(api.deletes.slice(0, 5).filter((key) => key.includes(":b1"))).toHaveLength(5);
    const second = await prune(root, options);
    expect(second).toMatchObject({ kvPairsDeleted: 3, kvPairsNotDeleted: 0 });
    expect(await stored()).toEqual(["b3"]);
  });

  it("stop at the daily quota and report it", async () => {
    const root = await deploys(["b1", "b2", "b3"]);
    api.workerCode = "b3";
    api.deleteQuota = 5;
    const result = await prune(root, { keep: 1 });
    expect(result).toMatchObject({
      kvPairsDeleted: 4,
      kvPairsNotDeleted: 4,
      failure: { code: "KV_QUOTA_EXHAUSTED" },
    });
    api.deleteQuota = Infinity;
    expect(await prune(root, { keep: 1 })).toMatchObject({ kvPairsDeleted: 4 });
  });

  it("handle more than one page of keys", async () => {
    await seed(build("b1", 700));
    const root = await deploys(["b2"]);
    api.workerCode = "b2";
    api.reset();
    api.workerCode = "b2";
    const result = await prune(root, { keep: 1 });
    expect(result).toMatchObject({ kvPairsDeleted: 1400, kvPairsNotDeleted: 0 });
    // The records, all keys, and the keys of the build.
    expect(result.lists).toBe(1 + 2 + 2);
    expect(api.lists).toHaveLength(5);
    expect(await stored()).toEqual(["b2"]);
  });

  it("stop when aborted", async () => {
    const root = await deploys(["b1", "b2"]);
    api.workerCode = "b2";
    const result = await prune(root, { keep: 1, signal: AbortSignal.abort() });
    expect(result.failure?.code).toBe("ABORT_ERR");
    expect(await stored()).toEqual(["b1", "b2"]);
  });
});

describe("vinext-seed prune", () => {
  const run = (root: string, args: string[]) =>
    cli(
      [
        "prune",
        root,
        "--namespace-id",
        NAMESPACE,
        "--account-id",
        ACCOUNT,
        "--name",
        "shop",
        ...args,
      ],
      {
        cwd: root,
        env: {
          CLOUDFLARE_API_BASE_URL: api.baseUrl,
          CLOUDFLARE_API_TOKEN: TOKEN,
          HOME: temporaryDirectory(),
        },
      },
    );

  it("prints each build and why it is kept", async () => {
    await deploys(["b1", "b2"]);
    const root = writeProject({ wrangler: false });
    await seed(root, { appPrefix: "" });
    api.workerCode = "b2";
    const dry = await run(root, ["--keep", "1", "--dry-run"]);
    expect(dry.stderr).toBe("");
    expect(dry.stdout).toMatch(/b2 +4 entries, .*kept: the deployed Worker shows its id/u);
    expect(dry.stdout).toMatch(/b1 +4 entries, .*would be deleted\n/u);
    expect(dry.stdout).toMatch(/4 entries would be deleted \(2 calls to list keys\)\n$/u);
    const json = await run(root, ["--keep", "1", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ kvPairsDeleted: 4 });
    expect(await stored()).not.toContain("b1");
  });

  it("warns if unsure, and fails with --strict", async () => {
    const root = writeProject({ wrangler: false });
    const unsure = await run(root, []);
    expect(unsure.code).toBe(0);
    expect(unsure.stderr).toMatch(/^warning: nothing is deleted \(live-build-unknown\): /u);
    expect((await run(root, ["--strict"])).code).toBe(1);
  });

  it.each([
    [["--keep", "0"], /whole number of at least 1/u],
    [["--older-than", "7"], /a number and a unit/u],
    [["--max-deletes", "x"], /whole number/u],
    [["--local"], /prune does not take --local/u],
  ])("rejects %j", async (args, message) => {
    const { code, stderr } = await run(writeProject({ wrangler: false }), args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
