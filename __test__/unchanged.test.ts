// What an earlier run has stored and is unchanged is not written again, against a real KV.

import { createServer } from "node:http";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalApi, type LocalApi } from "../lib/local-api/server.js";
import { BUILD_ID, buildOf, key, payload, rendered } from "./support/build.js";
import { listen } from "./support/loopback.js";
import { entryOf, startRecorder, type Pair } from "./support/recorder.js";
import { seed } from "./support/seed.js";

let sites = 0;
const NAMESPACE = "22222222222222222222222222222222";
const TOKEN = "local-token";
const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-unchanged-"));
let api: LocalApi;
let url: string;

beforeAll(async () => {
  const persistTo = path.join(directory, "state");
  api = await startLocalApi({ persistTo, namespaceIds: [NAMESPACE], apiToken: TOKEN });
  url = `${api.baseUrl}/accounts/local/storage/kv/namespaces/${NAMESPACE}`;
});
afterAll(async () => {
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A site of its own in the shared namespace. */
function site(pages: Record<string, string>, more: Record<string, Record<string, unknown>> = {}) {
  const appPrefix = `site-${(sites += 1)}`;
  const files = (html: string) => ({ html, rsc: payload(html) });
  const routes = Object.keys(pages).map((name) => rendered(`/${name}`, more[name]));
  const root = buildOf(routes);
  const write = (name: string, html: string) => {
    const base = path.join(root, "dist", "server", "prerendered-routes", name);
    mkdirSync(path.dirname(base), { recursive: true });
    for (const [kind, text] of Object.entries(files(html))) writeFileSync(`${base}.${kind}`, text);
  };
  for (const [name, html] of Object.entries(pages)) write(name, html);
  const run = (options: object = {}) =>
    seed({
      root,
      appPrefix,
      apiBaseUrl: api.baseUrl,
      accountId: "local",
      namespaceId: NAMESPACE,
      apiToken: TOKEN,
      runtime: { vinext: "1.4.0", cloudflare: "1.0.0-beta.7" },
      ...options,
    });
  const kvKey = (name: string, kind: "html" | "rsc") => `${appPrefix}:${key(`/${name}`, kind)}`;
  return { root, write, run, kvKey, appPrefix };
}

async function call(method: string, rest: string, body?: string) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(url + rest, { method, headers, ...(body ? { body } : {}) });
  expect(response.status).toBe(200);
  return response.text();
}

const read = (kvKey: string) => call("GET", `/values/${encodeURIComponent(kvKey)}`);
const put = (pairs: Pair[]) => call("PUT", "/bulk", JSON.stringify(pairs));

const PAGES = { a: "<p>a</p>", b: "<p>b</p>", c: "<p>c</p>" };

describe("the same build", () => {
  it("is not written again", async () => {
    const { run } = site(PAGES);
    expect(await run()).toMatchObject({ kvPairsUploaded: 6, kvPairsUnchanged: 0, seededRoutes: 3 });
    expect(await run()).toMatchObject({
      kvPairsUploaded: 0,
      kvPairsUnchanged: 6,
      kvPairsPlanned: 6,
      kvPairsNotStored: 0,
      seededRoutes: 3,
      batches: 0,
      warnings: [],
    });
  });

  it("is written again with `force`", async () => {
    const { run } = site(PAGES);
    await run();
    expect(await run({ force: true })).toMatchObject({ kvPairsUploaded: 6, kvPairsUnchanged: 0 });
  });

  it("is written for another app prefix", async () => {
    const { run } = site(PAGES);
    await run();
    expect(await run({ appPrefix: "another" })).toMatchObject({ kvPairsUploaded: 6 });
  });
});

describe("of a build in which something changed, only that is written", () => {
  it("is the changed page", async () => {
    const { run, write, kvKey } = site(PAGES);
    await run();
    write("b", "<p>new</p>");
    expect(await run()).toMatchObject({
      kvPairsUploaded: 2,
      kvPairsUnchanged: 4,
      seededRoutes: 3,
    });
    expect(JSON.parse(await read(kvKey("b", "html"))).value.html).toBe("<p>new</p>");
    expect(await run()).toMatchObject({ kvPairsUploaded: 0 });
  });

  it("is the payload alone, where the document is the same", async () => {
    const { run, root, kvKey } = site(PAGES);
    await run();
    const file = path.join(root, "dist/server/prerendered-routes/a.rsc");
    writeFileSync(file, payload("another"));
    expect(await run()).toMatchObject({ kvPairsUploaded: 1, kvPairsUnchanged: 5 });
    const { rscData } = JSON.parse(await read(kvKey("a", "rsc"))).value;
    expect(Buffer.from(rscData, "base64").toString()).toBe(payload("another"));
  });

  it.each([
    ["`revalidate`", 2, { revalidate: 600 }],
    ["tag", 2, { tags: ["other"] }],
    ["status", 2, { responseStatus: 404 }],
    // Of a page's entries, the document alone has it.
    ["Link header", 1, { headers: { link: "</font.woff2>; rel=preload; as=font" } }],
  ])("is a page with another %s", async (_, written, more) => {
    const { run, root } = site({ a: PAGES.a, b: PAGES.b });
    await run();
    const manifest = path.join(root, "dist", "server", "vinext-prerender.json");
    const routes = [rendered("/a", more), rendered("/b")];
    writeFileSync(manifest, JSON.stringify({ buildId: BUILD_ID, trailingSlash: false, routes }));
    expect(await run()).toMatchObject({
      kvPairsUploaded: written,
      kvPairsUnchanged: 4 - written,
    });
  });

  it("is every page, with another TTL", async () => {
    const { run } = site(PAGES);
    await run();
    expect(await run({ staticTtlSeconds: 3600 })).toMatchObject({ kvPairsUploaded: 6 });
    expect(await run({ staticTtlSeconds: 3600 })).toMatchObject({ kvPairsUploaded: 0 });
  });
});

describe("an entry is written again", () => {
  it("that the runtime has written, since it has no record", async () => {
    const { run, kvKey } = site(PAGES);
    await run();
    const name = kvKey("a", "html");
    const value = await read(name);
    await put([{ key: name, value, metadata: { tags: JSON.parse(value).tags } }]);
    expect(await run()).toMatchObject({ kvPairsUploaded: 1, kvPairsUnchanged: 5 });
  });

  it("that is gone, as after a run that was cut off", async () => {
    const { run, kvKey } = site(PAGES);
    await run();
    const gone = [kvKey("a", "rsc"), kvKey("c", "html")];
    await call("POST", "/bulk/delete", JSON.stringify(gone));
    expect(await run()).toMatchObject({ kvPairsUploaded: 2, kvPairsUnchanged: 4, seededRoutes: 3 });
    for (const name of gone) expect(JSON.parse(await read(name)).value.kind).toBe("APP_PAGE");
  });

  it("one of whose tags was invalidated after it was rendered", async () => {
    const { run, appPrefix } = site(PAGES, { a: { tags: ["news"] }, b: { tags: ["old"] } });
    await run();
    const tag = (name: string) => `${appPrefix}:__tag:${name}`;
    await put([
      { key: tag("news"), value: String(Date.now() + 1000) },
      { key: tag("old"), value: "1500000000000" },
      { key: tag("of-no-page"), value: String(Date.now() + 1000) },
    ]);
    expect(await run()).toMatchObject({ kvPairsUploaded: 2, kvPairsUnchanged: 4 });
  });

  it.each(["soon", ""])("with a tag whose marker is %j instead of a time", async (value) => {
    const { run, appPrefix } = site(PAGES, { a: { tags: ["news"] } });
    await run();
    await put([{ key: `${appPrefix}:__tag:news`, value }]);
    expect(await run()).toMatchObject({ kvPairsUploaded: 2, kvPairsUnchanged: 4 });
  });

  it("whose tags leave no room for the record", async () => {
    const tags = Array.from({ length: 12 }, (_, index) => `${index}-${"t".repeat(75)}`);
    const { run } = site({ a: PAGES.a, b: PAGES.b }, { a: { tags } });
    await run();
    expect(await run()).toMatchObject({ kvPairsUploaded: 2, kvPairsUnchanged: 2 });
  });

  it("that is revalidated and more than half as old as that", async () => {
    const { run, kvKey } = site(PAGES, { a: { revalidate: 600 } });
    await run();
    expect(await run()).toMatchObject({ kvPairsUnchanged: 6 });
    const name = kvKey("a", "html");
    const { result } = JSON.parse(await call("GET", `/keys?prefix=${encodeURIComponent(name)}`));
    const [{ expiration, metadata }] = result;
    const value = await read(name);
    await put([{ key: name, value, metadata, expiration: expiration - 310 } as Pair]);
    expect(await run()).toMatchObject({ kvPairsUploaded: 1, kvPairsUnchanged: 5 });
  });
});

describe("where the keys cannot be listed", () => {
  const REPLIES: [string, number, string, number][] = [
    ["is forbidden", 403, '{"success":false,"errors":[{"code":10000,"message":"no"}]}', 1],
    ["is not there", 404, "<html>", 1],
    ["makes no sense", 200, '{"success":true,"errors":[],"result":{}}', 3],
    ["fails", 500, "", 3],
  ];
  it.each(REPLIES)("because that %s, every entry is written", async (_, status, body, attempts) => {
    const writes = await startRecorder();
    let listings = 0;
    const server = createServer((request, response) => {
      if (request.method === "GET") {
        listings += 1;
        response.writeHead(status, { "content-type": "application/json" }).end(body);
        return;
      }
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const target = `${new URL(writes.baseUrl).origin}${request.url}`;
        const stored = await fetch(target, { method: "PUT", body: Buffer.concat(chunks) });
        response.writeHead(stored.status).end(await stored.text());
      });
    });
    const apiBaseUrl = `http://127.0.0.1:${await listen(server)}/client/v4`;
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const result = await seed({ root, apiBaseUrl, retry: { initialDelayMs: 1 } });
    expect(result).toMatchObject({ kvPairsUploaded: 1, kvPairsUnchanged: 0 });
    expect(result.warnings.join()).toContain("cannot be listed, so every entry is written");
    expect(listings).toBe(attempts);
    expect(writes.pairs()).toHaveLength(1);
  });
});

it("lists a build without entries with one request", async () => {
  const listings: string[] = [];
  const server = createServer((request, response) => {
    if (request.method === "GET") listings.push(request.url ?? "");
    const result = request.method === "GET" ? [] : null;
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
    });
  });
  const apiBaseUrl = `http://127.0.0.1:${await listen(server)}/client/v4`;
  const root = buildOf([rendered("/a")], { "a.html": "a" });
  expect(await seed({ root, apiBaseUrl })).toMatchObject({ kvPairsUploaded: 1 });
  expect(listings).toHaveLength(1);
  const prefix = new URL(listings[0] ?? "", apiBaseUrl).searchParams.get("prefix");
  expect(prefix).toBe(`cache:app:v2:${BUILD_ID}:`);
});

it("stores a record beside the tags, and nothing else", async () => {
  const recorder = await startRecorder();
  const root = buildOf([rendered("/a", { tags: ["x"] })], { "a.html": "a" });
  await seed({ root, apiBaseUrl: recorder.baseUrl });
  const [pair] = recorder.pairs();
  expect(Object.keys(pair?.metadata ?? {})).toEqual(["tags", "seed"]);
  expect(pair?.metadata?.seed).toMatch(/^[\w-]{16}[0-9a-f]+$/u);
  expect(Number.parseInt(pair?.metadata?.seed?.slice(16) ?? "", 16)).toBe(
    entryOf(pair).lastModified,
  );
});
