// The store of a site that nobody names one for: what its built code and its Vite configuration show, with the
// defaults of known adapters.

import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { seedCache, seedFromProject } from "../index.js";
import { placeOfAdapter } from "../lib/known-adapters.js";
import { withStoreOfDescriptor } from "../lib/store-of-project.js";
import { BUILD_ID, buildOf, key, payload, rendered } from "./support/build.js";
import { BIN, run } from "./support/cli.js";
import { EXAMPLE_MODULES } from "./support/project.js";
import { hasRedis, startRedis } from "./support/redis.js";
import { CREDENTIALS, hasS3, startS3 } from "./support/s3.js";
import { failureOf } from "./support/seed.js";
import { writeWorker } from "./support/worker.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };
const PACKAGE = "/p/node_modules/@alchemy.run/frontend-frameworks/dist/vinext/cache";
const REDIS = `${PACKAGE}/redis-runtime.js`;
const S3 = `${PACKAGE}/s3-runtime.js`;

/** A built site of one page whose configuration has this as `cache.data`. */
function site(data: object, { isOther = true } = {}) {
  const root = buildOf([rendered("/a", { revalidate: 60 })], {
    "a.html": "<p>a</p>",
    "a.rsc": payload("a"),
  });
  writeWorker(root, { buildId: BUILD_ID, isOther });
  symlinkSync(EXAMPLE_MODULES, path.join(root, "node_modules"));
  writeFileSync(path.join(root, "package.json"), '{"type":"module"}');
  writeFileSync(
    path.join(root, "vite.config.js"),
    `export default { plugins: [{ name: "vinext", __vinextCacheConfig: { data: ${JSON.stringify(data)} } }] };`,
  );
  return root;
}

/** Runs the command; the variables of other stores are not set. */
async function command(root: string, args: string[], env: Record<string, string | undefined> = {}) {
  const own = { REDIS_URL: undefined, CACHE_BUCKET_NAME: undefined, ...env };
  const all = [...args, "--json", "--vinext-version", "1.4.0"];
  const { stdout, stderr } = await run(BIN, all, { cwd: root, env: own });
  return { document: JSON.parse(stdout), said: stdout + stderr };
}

describe.skipIf(!hasRedis)("a site whose known adapter keeps pages in Redis", () => {
  it("is planned and seeded in its adapter's store without a `store` option", async () => {
    const { client, port } = await startRedis(["--requirepass", "hunter22"], {
      password: "hunter22",
    });
    const options = { urlEnv: "PAGES_URL", appPrefix: "shop", ttlSeconds: 600 };
    const root = site({ adapter: REDIS, options });
    const env = { PAGES_URL: `redis://:hunter22@127.0.0.1:${port}` };
    const target = { store: `redis://127.0.0.1:${port}` };

    const plan = await command(root, ["plan"], env);
    expect(plan.document, plan.said).toMatchObject({ kvPairs: 2, target });
    expect(plan.document).not.toHaveProperty("freePlan");
    const { document, said } = await command(root, ["run"], env);
    expect(document, said).toMatchObject({ kvPairsUploaded: 2, kvPairsNotStored: 0, target });
    expect((await client.keys("*")).sort()).toEqual(
      [`shop:${key("/a", "html")}`, `shop:${key("/a", "rsc")}`].sort(),
    );
    const left = await client.pttl(`shop:${key("/a", "html")}`);
    expect(left).toBeGreaterThan(500_000);
    expect(left).toBeLessThanOrEqual(600_000);
    expect(plan.said + said).not.toContain("hunter22");
  });

  it("is found through .env files, and by seedCache", async () => {
    const { client, url } = await startRedis();
    const root = site({ adapter: REDIS });
    writeFileSync(path.join(root, ".env.production"), `REDIS_URL=${url}\n`);
    const before = process.env.REDIS_URL;
    delete process.env.REDIS_URL;
    const result = await (seedCache as any)({ root, ...RUNTIME });
    if (before !== undefined) process.env.REDIS_URL = before;
    expect(result).toMatchObject({ kvPairsUploaded: 2 });
    expect(await client.dbsize()).toBe(2);
  });
});

describe("a site whose store is unknown", () => {
  it("reports the missing variable, and is still planned", async () => {
    const root = site({ adapter: S3, options: { bucketEnv: "PAGES_BUCKET" } });
    const { document, said } = await command(root, ["run"]);
    expect(document, said).toMatchObject({ skippedCode: "store-unknown", kvPairsUploaded: 0 });
    expect(document.skipped).toMatch(/reads its pages from S3 .* PAGES_BUCKET/u);
    expect(document).not.toHaveProperty("target");
    const plan = await command(root, ["plan"]);
    expect(plan.document, plan.said).toMatchObject({
      kvPairs: 2,
      targetMissing: { code: "store-unknown" },
    });
    const failure = await failureOf((seedCache as any)({ root, ...RUNTIME }));
    expect(failure).toMatchObject({ code: "INVALID_OPTION" });
    expect(failure.message).toContain("PAGES_BUCKET");
  });

  it("suggests --to handler if its adapter is unknown", async () => {
    const root = site({ adapter: "/srv/app/my-adapter.js" });
    const { document, said } = await command(root, ["run"], { REDIS_URL: "redis://localhost" });
    expect(document, said).toMatchObject({ skippedCode: "data-adapter-is-not-kv" });
    expect(document.skipped).toContain("/srv/app/my-adapter.js");
    expect(document.skipped).toContain("--to handler");
  });

  it("has its Vite configuration read once", async () => {
    for (const adapter of ["/srv/app/my-adapter.js", REDIS]) {
      for (const name of ["run", "plan"]) {
        const root = site({ adapter });
        const file = path.join(root, "vite.config.js");
        const count = `import { appendFileSync } from "node:fs"; appendFileSync("reads", ".");`;
        writeFileSync(file, `${count}\n${readFileSync(file, "utf-8")}`);
        const { stdout, stderr } = await run(BIN, [name, "--json"], {
          cwd: root,
          env: { REDIS_URL: "redis://127.0.0.1:1" },
        });
        const reads = readFileSync(path.join(root, "reads"), "utf-8");
        expect(reads, `${name} ${adapter} ${stdout}${stderr}`).toBe(".");
      }
    }
  });

  it("does not count as a Redis site if its built code reads KV", async () => {
    const root = site({ adapter: REDIS }, { isOther: false });
    const env = { REDIS_URL: "redis://127.0.0.1:1" };
    const { document, said } = await command(root, ["run"], env);
    expect(document, said).toMatchObject({
      kvPairsUploaded: 0,
      skippedCode: "data-adapter-is-not-kv",
    });
  });

  it("uses Workers KV if a namespace is passed", async () => {
    const root = site({ adapter: REDIS });
    const namespaceId = "11111111111111111111111111111111";
    const result = await seedFromProject({ root, ...RUNTIME, namespaceId });
    expect(result).toMatchObject({ skippedCode: "data-adapter-is-not-kv" });
  });
});

describe.skipIf(!hasS3)("a site whose known adapter keeps pages in S3", () => {
  it("is seeded into its bucket, under the adapter's prefix", async () => {
    const { endpoint, client } = await startS3();
    const root = site({ adapter: S3, options: { appPrefix: "shop" } });
    const { document, said } = await command(root, ["run"], {
      CACHE_BUCKET_NAME: "cache",
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    });
    const target = { store: "s3://cache/vinext-cache/" };
    expect(document, said).toMatchObject({ kvPairsUploaded: 2, target });
    const { Contents } = await client.listObjectsV2({ Bucket: "cache" });
    const names = Contents.map((object: { Key: string }) => object.Key);
    expect(names).toContain(`vinext-cache/shop:${key("/a", "html")}`);
  });
});

describe("an adapter's descriptor", () => {
  it.each([
    [REDIS, { type: "redis", urlEnv: "REDIS_URL" }],
    [REDIS.replaceAll("/", "\\"), { type: "redis", urlEnv: "REDIS_URL" }],
    [
      "@alchemy.run/frontend-frameworks/vinext/cache/s3-runtime",
      { type: "s3", bucketEnv: "CACHE_BUCKET_NAME" },
    ],
    ["/repo/cache/redis-runtime.js", undefined],
    ["@vinext/cloudflare/cache/kv-data-adapter", undefined],
    [3, undefined],
  ])("%s", (adapter, store) => {
    const place = placeOfAdapter({ adapter });
    if (store === undefined) expect(place).toBeUndefined();
    else expect(place?.store).toMatchObject(store);
  });

  it("selects the store of withSeed unless a store is passed", () => {
    const descriptor = { adapter: REDIS, options: { urlEnv: "U", ttlSeconds: 9 } };
    const found = withStoreOfDescriptor(descriptor, {});
    expect(found).toMatchObject({ store: { type: "redis", urlEnv: "U" }, ttlSeconds: 9 });
    expect(withStoreOfDescriptor(descriptor, { store: "dir:x" })).toEqual({ store: "dir:x" });
    for (const store of ["handler", { type: "handler" }]) {
      const { adapter, options } = descriptor;
      expect(withStoreOfDescriptor(descriptor, { store })).toEqual({
        store: { type: "handler", adapter, options },
      });
    }
    expect(withStoreOfDescriptor({ adapter: "/kv-data-adapter" }, { force: true } as any)).toEqual({
      force: true,
    });
  });
});
