// What a bucket has already is not written again: against a real S3 server.

import { createServer, type IncomingMessage } from "node:http";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { pruneFromProject, seedCache, verifyFromProject, type SeedCacheOptions } from "../index.js";
import { buildOf, key, payload, rendered } from "./support/build.js";
import { listen } from "./support/loopback.js";
import { CREDENTIALS, hasS3, startS3 } from "./support/s3.js";
import { failureOf } from "./support/seed.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };
const QUICK = { retry: { attempts: 3, initialDelayMs: 1, maxDelayMs: 2 } };
const PREFIX = "site/";

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey);
  return () => vi.unstubAllEnvs();
});

/** A site of pages, each with its payload. */
function site(
  pages: number,
  more: (page: number) => Record<string, unknown> = () => ({}),
  buildId?: string,
) {
  const names = Array.from({ length: pages }, (_, page) => `p${page}`);
  const files = names.flatMap((name) => [
    [`${name}.html`, `<p>${name}</p>`],
    [`${name}.rsc`, payload(name)],
  ]);
  const routes = names.map((name, page) => rendered(`/${name}`, more(page)));
  return buildOf(routes, Object.fromEntries(files), buildId === undefined ? {} : { buildId });
}

function change(root: string, file: string, content: string) {
  writeFileSync(path.join(root, "dist", "server", "prerendered-routes", file), content);
}

/** A bucket, and what is in it as Amazon's client sees it. */
async function bucket() {
  const { endpoint, client } = await startS3();
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint);
  const store = { type: "s3" as const, bucket: "cache", prefix: PREFIX, endpoint };
  const seed = (root: string, options: Partial<SeedCacheOptions> = {}) =>
    seedCache({ root, ...RUNTIME, store, ...options } as SeedCacheOptions);
  const objects = async (Prefix = "") => {
    const { Contents = [] } = await client.listObjectsV2({ Bucket: "cache", Prefix });
    return Contents.map((object: { Key: string }) => object.Key) as string[];
  };
  const digests = () => objects("vinext-seed/");
  const put = (name: string, value: string) =>
    client.putObject({ Bucket: "cache", Key: name, Body: value });
  const get = async (name: string): Promise<string> =>
    (await client.getObject({ Bucket: "cache", Key: name })).Body.transformToString();
  const remove = (name: string) => client.deleteObject({ Bucket: "cache", Key: name });
  /** When each entry was last written. */
  const times = async () => {
    const { Contents = [] } = await client.listObjectsV2({ Bucket: "cache", Prefix: PREFIX });
    return new Map<string, number>(
      Contents.map(({ Key, LastModified }: { Key: string; LastModified: Date }) => [
        Key.slice(PREFIX.length),
        LastModified.getTime(),
      ]),
    );
  };
  return { store, seed, objects, digests, put, get, remove, times };
}

/** A server with these answers. */
async function answering(
  answer: (request: IncomingMessage) => {
    status?: number;
    headers?: Record<string, string>;
    body?: string;
  },
) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const { status = 200, headers = {}, body = "" } = answer(request);
      response.writeHead(status, headers).end(body);
    });
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

/** What a run has written, and left. */
const counts = ({ kvPairsUploaded, kvPairsUnchanged, warnings }: any) => ({
  written: kvPairsUploaded,
  unchanged: kvPairsUnchanged,
  warnings,
});

describe.skipIf(!hasS3)("a build that is seeded into S3 again", () => {
  it("writes nothing, and exactly the entries of a page that has changed", async () => {
    const { seed, times, objects, digests } = await bucket();
    const root = site(50);
    const first = await seed(root);
    expect(counts(first)).toEqual({ written: 100, unchanged: 0, warnings: [] });
    const before = await times();
    expect(before.size).toBe(100);
    const second = await seed(root);
    expect(counts(second)).toEqual({ written: 0, unchanged: 100, warnings: [] });
    expect(second).toMatchObject({ seededRoutes: 50, kvPairsPlanned: 100, kvPairsNotStored: 0 });
    expect(await times()).toEqual(before);

    change(root, "p7.html", "<p>new</p>");
    change(root, "p7.rsc", payload("new"));
    expect(counts(await seed(root))).toEqual({ written: 2, unchanged: 98, warnings: [] });
    expect(counts(await seed(root))).toEqual({ written: 0, unchanged: 100, warnings: [] });
    expect(await digests()).toHaveLength(1);
    expect((await objects()).every((name) => /^(?:site\/|vinext-seed\/)/u.test(name))).toBe(true);
  });

  it("writes nothing of a build whose listing has several pages", async () => {
    const { seed } = await bucket();
    const root = site(510);
    expect(counts(await seed(root))).toEqual({ written: 1020, unchanged: 0, warnings: [] });
    expect(counts(await seed(root))).toEqual({ written: 0, unchanged: 1020, warnings: [] });
  });

  it("writes again what somebody else has written, and what is gone", async () => {
    const { seed, put, get, remove } = await bucket();
    const root = site(5);
    await seed(root);
    const page = PREFIX + key("/p1", "html");
    await put(page, "{}");
    await remove(PREFIX + key("/p2", "rsc"));
    expect(counts(await seed(root))).toEqual({ written: 2, unchanged: 8, warnings: [] });
    expect(JSON.parse(await get(page)).value.html).toBe("<p>p1</p>");
  });

  it("writes everything with `force`, and knows it afterwards", async () => {
    const { seed } = await bucket();
    const root = site(3);
    await seed(root);
    expect(counts(await seed(root, { force: true }))).toMatchObject({ written: 6, unchanged: 0 });
    expect(counts(await seed(root))).toMatchObject({ written: 0, unchanged: 6 });
  });

  it("writes again what was invalidated since it was rendered", async () => {
    const { seed, put } = await bucket();
    const root = site(4);
    await seed(root, { appPrefix: "shop" });
    await put(`${PREFIX}shop:__tag:/p1`, String(Date.now() + 1000));
    await put(`${PREFIX}shop:__tag:/p2`, "1");
    await put(`${PREFIX}shop:__tag:/p3`, "soon");
    const again = await seed(root, { appPrefix: "shop" });
    expect(counts(again)).toEqual({ written: 4, unchanged: 4, warnings: [] });
  });

  it("leaves pages with an expiry until half of it has passed, whatever `ttlSeconds` says", async () => {
    const { seed, digests, get, put } = await bucket();
    const root = site(2, () => ({ revalidate: 60, expire: 3600 }));
    await seed(root, { ttlSeconds: 7200 });
    const again = await seed(root, { ttlSeconds: 7200 });
    expect(counts(again)).toEqual({ written: 0, unchanged: 4, warnings: [] });
    // As if it were 31 minutes later.
    const [name = ""] = await digests();
    const notes = await get(name);
    const earlier = (time: string) => String(Number(time) - 31 * 60_000);
    await put(
      name,
      notes.replaceAll(/\.(\d{13})\.(\d{13})"/gu, (_, at, renew) => `.${at}.${earlier(renew)}"`),
    );
    expect(counts(await seed(root, { ttlSeconds: 7200 }))).toMatchObject({ written: 4 });
  });

  it("goes on where a run with a budget stopped", async () => {
    const { seed } = await bucket();
    const root = site(5);
    expect(counts(await seed(root, { maxWrites: 4 }))).toMatchObject({ written: 4 });
    expect(counts(await seed(root, { maxWrites: 4 }))).toMatchObject({ written: 4, unchanged: 4 });
    expect(counts(await seed(root))).toMatchObject({ written: 2, unchanged: 8 });
    expect(counts(await seed(root))).toMatchObject({ written: 0, unchanged: 10 });
  });

  it.each([
    ["damaged", (text: string) => text.slice(0, -20)],
    ["of another form", (text: string) => text.replace('"form":1', '"form":2')],
    ["of another build", (text: string) => text.replace('"keyPrefix":"', '"keyPrefix":"x')],
    ["empty", () => ""],
    ["too large", (text: string) => text + " ".repeat(25 * 1024 * 1024)],
  ])("writes everything and says so where its digests are %s", async (_, damage) => {
    const { seed, digests, get, put } = await bucket();
    const root = site(3);
    await seed(root);
    const [name = ""] = await digests();
    await put(name, damage(await get(name)));
    const again = await seed(root);
    expect(counts(again)).toMatchObject({ written: 6, unchanged: 0 });
    expect(again.warnings).toEqual([
      expect.stringContaining("every entry is written: the digests"),
    ]);
    expect(counts(await seed(root))).toEqual({ written: 0, unchanged: 6, warnings: [] });
  });

  it("writes everything and says so where its digests are missing", async () => {
    const { seed, digests, remove } = await bucket();
    const root = site(3);
    await seed(root);
    for (const name of await digests()) await remove(name);
    const again = await seed(root);
    expect(counts(again)).toMatchObject({ written: 6, unchanged: 0 });
    expect(again.warnings).toEqual([
      expect.stringContaining("there is no object with their digests"),
    ]);
  });

  it("is pruned with its digests, and they are no problem for verifying", async () => {
    const { store, seed, digests, objects } = await bucket();
    await seed(site(2, undefined, "b1"));
    const [old = ""] = await digests();
    const root = site(2, undefined, "b2");
    writeFileSync(path.join(root, "package.json"), "{}");
    await seed(root);
    expect(await digests()).toHaveLength(2);
    const options = { root, ...RUNTIME, viteConfig: false as const, store };
    expect(await verifyFromProject(options)).toMatchObject({ isSound: true, kvPairs: 4 });

    const url = await answering(() => ({ headers: { "x-vinext-rsc-build-id": "b2" } }));
    const pruned = await pruneFromProject({ ...options, url, keep: 1 });
    expect(pruned).toMatchObject({ kvPairsDeleted: 4, kvPairsNotDeleted: 0 });
    const left = await objects();
    expect(left).not.toContain(old);
    expect(left).toHaveLength(5);
    expect(counts(await seed(root))).toMatchObject({ written: 0, unchanged: 4 });
  });
});

describe("an S3 store that does not say what it has", () => {
  const refusal = { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" };
  const missing = { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" };

  it.each([
    ["cannot be listed", /^GET .*list-type=2/u],
    ["cannot be read", /^GET .*vinext-seed/u],
  ])("gets every entry, and it is said, where it %s", async (_, refused) => {
    const written = new Set<string>();
    const endpoint = await answering(({ method, url = "" }) => {
      if (method === "PUT" && url.includes("/site/")) written.add(url);
      if (refused.test(`${method} ${url}`)) return refusal;
      return method === "GET" ? missing : { headers: { etag: '"e"' } };
    });
    const store = { type: "s3" as const, bucket: "cache", prefix: PREFIX, endpoint };
    const result = await seedCache({ root: site(3), ...RUNTIME, ...QUICK, store });
    expect(counts(result)).toMatchObject({ written: 6, unchanged: 0 });
    expect(result.warnings).toEqual([
      expect.stringContaining("cannot determine what is already stored, so every entry is written"),
    ]);
    expect(written.size).toBe(6);
  });

  it("is still seeded where the digests cannot be kept, and it is said", async () => {
    const endpoint = await answering(({ method, url = "" }) => {
      if (method === "PUT" && url.includes("/vinext-seed/")) return refusal;
      return method === "GET" ? missing : { headers: { etag: '"e"' } };
    });
    const store = { type: "s3" as const, bucket: "cache", prefix: PREFIX, endpoint };
    const result = await seedCache({ root: site(3), ...RUNTIME, ...QUICK, store, force: true });
    expect(counts(result)).toMatchObject({ written: 6 });
    expect(result.warnings).toEqual([
      expect.stringContaining("the digests of what is stored were not kept"),
    ]);
  });

  it("ends the run once where nothing is allowed, with every entry accounted for", async () => {
    const endpoint = await answering(() => refusal);
    const store = { type: "s3" as const, bucket: "cache", endpoint };
    const failure = await failureOf(seedCache({ root: site(3), ...RUNTIME, ...QUICK, store }));
    expect(failure.code).toBe("S3_UNAUTHORIZED");
    expect(failure.report).toMatchObject({ kvPairsPlanned: 6, kvPairsNotStored: 6, warnings: [] });
  });
});
