// `verify` and `prune` over stores other than Workers KV: real servers, and a directory.

import { createServer } from "node:http";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  pruneFromProject,
  seedCache,
  verifyFromProject,
  type ProjectPruneOptions,
  type StoreOptions,
} from "../index.js";
import { buildOf, payload, rendered, temporaryDirectory } from "./support/build.js";
import { BIN, run } from "./support/cli.js";
import { listen } from "./support/loopback.js";
import { hasRedis, startRedis } from "./support/redis.js";
import { CREDENTIALS, hasS3, startS3 } from "./support/s3.js";
import { failureOf } from "./support/seed.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };

/** What is in a store that no build has, and some of it looks like an entry. */
const OTHERS = {
  "__tag:app:v2:b1:/p0": "1",
  "cache:fetch:0123": "{}",
  "cache:use-cache:app:v2:b1:/p0:html": "{}",
  "cache:app:v2:no-pathname": "{}",
  "shop:cache:app:v2:b1:/p0:html": "{}",
  "session:app:v2:b1:/p0:html": "{}",
};

/** A store, and a way to it that is not ours. */
interface Place {
  store: Exclude<StoreOptions, { type: "handler" }>;
  /** The store as `--to` takes it. */
  to: string;
  keys: () => Promise<string[]>;
  get: (key: string) => Promise<string>;
  put: (key: string, value: string) => Promise<unknown>;
  remove: (key: string) => Promise<unknown>;
}

async function redis(): Promise<Place> {
  const { client, url } = await startRedis();
  return {
    store: { type: "redis", url },
    to: url,
    keys: () => client.keys("*"),
    get: async (key) => (await client.get(key)) ?? "",
    put: (key, value) => client.set(key, value),
    remove: (key) => client.del(key),
  };
}

async function s3(): Promise<Place> {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey);
  const { client, endpoint } = await startS3();
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  const prefix = "site/";
  const object = (key: string) => ({ Bucket: "cache", Key: prefix + key });
  return {
    store: { type: "s3", bucket: "cache", prefix, endpoint },
    to: `s3://cache/${prefix}`,
    keys: async () => {
      const { Contents = [] } = await client.listObjectsV2({ Bucket: "cache", Prefix: prefix });
      return Contents.map(({ Key }: { Key: string }) => Key.slice(prefix.length));
    },
    get: async (key) => (await client.getObject(object(key))).Body.transformToString(),
    put: (key, value) => client.putObject({ ...object(key), Body: value }),
    remove: (key) => client.deleteObject(object(key)),
  };
}

async function directory(): Promise<Place> {
  const root = path.join(temporaryDirectory(), "cache");
  mkdirSync(root);
  const escaped = (byte: number) => `%${byte.toString(16).padStart(2, "0")}`;
  const nameOf = (key: string) =>
    [...Buffer.from(key)]
      .map((byte) => (/[a-z0-9_-]/u.test(String.fromCharCode(byte)) ? byte : escaped(byte)))
      .map((part) => (typeof part === "number" ? String.fromCharCode(part) : part))
      .join("");
  const file = (key: string) => path.join(root, `${nameOf(key)}.value`);
  const values = () => readdirSync(root).filter((name) => name.endsWith(".value"));
  return {
    store: { type: "dir", path: root },
    to: `dir:${root}`,
    keys: async () => values().map((name) => decodeURIComponent(name.slice(0, -".value".length))),
    get: async (key) => readFileSync(file(key), "utf-8"),
    put: async (key, value) => writeFileSync(file(key), value),
    remove: async (key) => rmSync(file(key)),
  };
}

/** A build of two pages, each with its payload. */
function build(buildId: string) {
  const names = ["p0", "p1"];
  const files = names.flatMap((name) => [
    [`${name}.html`, `<p>${name} of ${buildId}</p>`],
    [`${name}.rsc`, payload(name)],
  ]);
  const routes = names.map((name) => rendered(`/${name}`));
  const root = buildOf(routes, Object.fromEntries(files), { buildId });
  writeFileSync(path.join(root, "package.json"), "{}");
  return root;
}

/** Seeds builds one after another, among keys of others; returns the last one's project. */
async function deploys(place: Place, buildIds: string[], appPrefix?: string) {
  let root = "";
  for (const buildId of buildIds) {
    root = build(buildId);
    await seedCache({ root, ...RUNTIME, store: { ...place.store, appPrefix } });
  }
  for (const [key, value] of Object.entries(OTHERS)) await place.put(key, value);
  return root;
}

const prune = (root: string, place: Place, options: ProjectPruneOptions = {}) =>
  pruneFromProject({ root, ...RUNTIME, viteConfig: false, store: place.store, ...options });

/** The builds that have all of their entries, and what is left of others. */
async function stored(place: Place) {
  const keys = await place.keys();
  const builds = new Map<string, number>();
  for (const key of keys.filter((name) => !(name in OTHERS))) {
    const [, id = key] = /^cache:app:v2:(.+?):\//u.exec(key) ?? [];
    builds.set(id, (builds.get(id) ?? 0) + 1);
  }
  const others = keys.filter((name) => name in OTHERS);
  return {
    builds: Object.fromEntries([...builds].sort()),
    hasOthers: others.length === Object.keys(OTHERS).length,
  };
}

/** A site whose pages say which build they are of. */
async function startSite(buildId: string) {
  const server = createServer((_, response) => {
    response.writeHead(200, { "x-vinext-rsc-build-id": buildId });
    response.end("<p>page</p>");
  });
  return `http://127.0.0.1:${await listen(server)}/`;
}

describe.each([
  { name: "Redis", open: redis, isHere: hasRedis },
  { name: "S3", open: s3, isHere: hasS3 },
  { name: "a directory", open: directory, isHere: true },
])("$name", ({ open, isHere }) => {
  describe.skipIf(!isHere)("is pruned", () => {
    it("of old builds only", async () => {
      const place = await open();
      const root = await deploys(place, ["b1", "b2", "b3", "b4", "b5"]);
      const url = await startSite("b2");
      const before = await stored(place);
      const dry = await prune(root, place, { keep: 2, url, dryRun: true });
      expect(dry).toMatchObject({ kvPairsDeleted: 0, kvPairsNotDeleted: 8 });
      expect(await stored(place)).toEqual(before);

      const result = await prune(root, place, { keep: 2, url });
      expect(result.failure).toBeUndefined();
      expect(result.builds).toMatchObject([
        { buildId: "b5", kvPairs: 4, kept: "it is the build in dist" },
        { buildId: "b4", kept: "it is one of the newest builds" },
        { buildId: "b3", kvPairsDeleted: 4 },
        { buildId: "b2", kept: "the deployed Worker shows its id" },
        { buildId: "b1", kvPairsDeleted: 4 },
      ]);
      expect(await stored(place)).toEqual({
        builds: { b2: 4, b4: 4, b5: 4 },
        hasOthers: true,
      });
    });

    it("of nothing if the live build is unknown", async () => {
      const place = await open();
      const root = await deploys(place, ["b1", "b2", "b3"]);
      const before = await stored(place);
      const unasked = await prune(root, place, { keep: 1 });
      expect(unasked).toMatchObject({ skippedCode: "live-build-unknown", kvPairsDeleted: 0 });
      expect(unasked.skipped).toContain("--url");
      const other = await prune(root, place, { keep: 1, url: await startSite("b9") });
      expect(other).toMatchObject({ skippedCode: "live-build-unknown", kvPairsDeleted: 0 });
      expect(await stored(place)).toEqual(before);
    });

    it("up to `maxDeletes`, oldest build first; the next run continues", async () => {
      const place = await open();
      const root = await deploys(place, ["b1", "b2", "b3"]);
      const options = { keep: 1, url: await startSite("b3"), maxDeletes: 5 };
      const first = await prune(root, place, options);
      expect(first).toMatchObject({ kvPairsDeleted: 5, kvPairsNotDeleted: 3 });
      expect((await stored(place)).builds).toEqual({ b2: 3, b3: 4 });
      const second = await prune(root, place, options);
      expect(second).toMatchObject({ kvPairsDeleted: 3, kvPairsNotDeleted: 0 });
      expect(await stored(place)).toEqual({ builds: { b3: 4 }, hasOthers: true });
    });

    it("within its appPrefix, by the command", async () => {
      const place = await open();
      await deploys(place, ["b1"]);
      const root = await deploys(place, ["b1", "b2"], "blog");
      const url = await startSite("b2");
      const args = ["prune", root, "--to", place.to, "--app-prefix", "blog", "--keep", "1"];
      const { stdout, stderr, code } = await run(BIN, [
        ...[...args, "--url", url, "--json", "--vinext-version", "1.4.0"],
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({
        kvPairsDeleted: 4,
        target: { store: place.to },
      });
      const left = await stored(place);
      expect(
        Object.keys(left.builds).filter((id) => id.includes("blog:cache:app:v2:b2")),
      ).toHaveLength(4);
      expect(left.builds).toMatchObject({ b1: 4 });
      expect(Object.keys(left.builds)).toHaveLength(5);
    });
  });

  describe.skipIf(!isHere)("is verified", () => {
    it("and missing or different entries are found", async () => {
      const place = await open();
      const root = await deploys(place, ["b1", "b2"]);
      const verify = () =>
        verifyFromProject({ root, ...RUNTIME, viteConfig: false, store: place.store });
      expect(await verify()).toMatchObject({
        isSound: true,
        kvPairs: 4,
        stored: { checked: 4, same: 4, problems: [] },
      });
      const [missing, different, newer] = ["/p0:html", "/p1:rsc", "/p1:html"].map(
        (end) => `cache:app:v2:b2:${end}`,
      ) as [string, string, string];
      await place.remove(missing);
      await place.put(different, "\u0000");
      const page = JSON.parse(await place.get(newer));
      const rewritten = { ...page, lastModified: page.lastModified + 1 };
      rewritten.value.html = "<p>rendered again</p>";
      await place.put(newer, JSON.stringify(rewritten));
      const result = await verify();
      expect(result).toMatchObject({
        isSound: false,
        stored: { checked: 4, same: 1, rewritten: 1, missing: 1, different: 1 },
      });
      expect(result.stored?.problems).toEqual([
        { key: missing, problem: "missing" },
        { key: different, problem: "different" },
      ]);
      const args = ["verify", root, "--to", place.to, "--strict", "--vinext-version", "1.4.0"];
      const { stdout, stderr, code } = await run(BIN, args);
      expect(code).toBe(1);
      expect(stdout).toContain("1 rendered again since, 1 missing, 1 different");
      expect(stderr).toContain(`missing: ${missing}`);
    });
  });
});

describe("a store that cannot be reached", () => {
  it("fails to verify and prune without showing its password", async () => {
    const root = build("b1");
    const store = "redis://:hunter22@127.0.0.1:1";
    const url = await startSite("b1");
    const options = { root, ...RUNTIME, viteConfig: false as const, store };
    const verified = await verifyFromProject(options);
    expect(verified).toMatchObject({ isSound: false, failure: { code: "NETWORK_ERROR" } });
    const pruned = await pruneFromProject({ ...options, url });
    expect(pruned).toMatchObject({ failure: { code: "NETWORK_ERROR" } });
    expect(JSON.stringify([verified, pruned])).not.toContain("hunter22");
  });

  it("is not created if it is a directory", async () => {
    const root = build("b1");
    const place = path.join(temporaryDirectory(), "missing");
    const store = `dir:${place}`;
    const options = { root, ...RUNTIME, viteConfig: false as const, store };
    const pruned = await pruneFromProject({ ...options, url: await startSite("b1") });
    expect(pruned).toMatchObject({ failure: { code: "DIRECTORY_FAILED" } });
    const verified = await verifyFromProject(options);
    expect(verified.stored).toMatchObject({ checked: 4, missing: 4 });
    expect(readdirSync(path.dirname(place))).toEqual([]);
  });

  it("must not be a cache handler, which can neither list nor delete", async () => {
    const root = build("b1");
    const options = { root, ...RUNTIME, store: "handler" };
    for (const call of [verifyFromProject(options), pruneFromProject(options)]) {
      const { code, message } = await failureOf(call);
      expect({ code, message }).toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringContaining("name the Redis server"),
      });
    }
  });

  it("is named in the same way as elsewhere", async () => {
    const root = build("b1");
    const options = { root, ...RUNTIME, store: "memcached://h" };
    for (const call of [verifyFromProject(options), pruneFromProject(options)]) {
      expect(await failureOf(call)).toMatchObject({ code: "INVALID_OPTION" });
    }
  });
});
