// The KV adapter's own rules, which change with its version: which tags it keeps, and what it lets expire.
//
// The published adapters are the oracle, unmodified. Those after 1.0.0-beta.7 are not in the registry: the
// last one is patched where the published source differs, and then serves as the oracle like the others.

import { cpSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { PACKAGES } from "../compat/oracles/client.js";
import { exportKvSeed } from "../index.js";
import { BUILD_ID, rendered, temporaryDirectory } from "./support/build.js";
import { change } from "./support/deployable.js";
import { writeProject } from "./support/project.js";
import { writeWorker } from "./support/worker.js";
import type { Pair } from "./support/recorder.js";

const PUBLISHED = ["0.2.1", "1.0.0-beta.3", "1.0.0-beta.4", "1.0.0-beta.5", "1.0.0-beta.7"];

/** Tags that a page has given itself. */
const TAGS = ["plain", "user:42", "a:b:c", "back\\slash", "t".repeat(257)];

const KEY = `app:v2:${BUILD_ID}:/a:html`;

/** A project with one page, static, and a copy of an adapter. */
function project(version: string, keepsColons = false) {
  const root = writeProject({
    wrangler: false,
    worker: { keepsColons },
    routes: [rendered("/a", { tags: TAGS }), rendered("/b", { revalidate: 60, tags: TAGS })],
  });
  const adapter = path.join(root, "node_modules", "@vinext", "cloudflare");
  cpSync(path.join(PACKAGES, `cloudflare-${version}`), adapter, { recursive: true });
  return { root, adapter };
}

/** The same, with an adapter as the published source has it after 1.0.0-beta.7. */
function newerProject() {
  const { root, adapter } = project("1.0.0-beta.7", true);
  const runtime = path.join(adapter, "dist", "cache", "kv-data-adapter.runtime.js");
  change(runtime, /\[\\x00-\\x1f\\\\:\]/u, () => "[\\x00-\\x1f\\\\]");
  change(runtime, /revalidateAt !== null \? this\.ttlSeconds : void 0/u, () => "this.ttlSeconds");
  const keys = path.join(adapter, "dist", "cache", "kv-key.js");
  writeFileSync(
    keys,
    `${readFileSync(keys, "utf-8")}export const resolveKvExpirationTtlSeconds = Number;\n`,
  );
  return { root, adapter };
}

/** What would be seeded, by key. */
async function seededPairs(root: string, options: object = {}) {
  const directory = path.join(temporaryDirectory(), "out");
  const { skipped } = await exportKvSeed({ root, directory, ...options });
  expect(skipped).toBeUndefined();
  const pairs = readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => JSON.parse(readFileSync(path.join(directory, name), "utf-8")) as Pair[]);
  return new Map(pairs.map((pair) => [pair.key, pair]));
}

interface Put {
  value: string;
  options: { expirationTtl?: number; metadata?: { tags: string[] } };
}

/** The adapter's own handler over a KV in memory. */
async function oracleOf(adapter: string) {
  const file = path.join(adapter, "dist", "cache", "kv-data-adapter.runtime.js");
  const { KVCacheHandler } = await import(pathToFileURL(file).href);
  const kv = new Map<string, Put>();
  const handler = new KVCacheHandler({
    get: async (key: string) => kv.get(key)?.value ?? null,
    put: async (key: string, value: string, options = {}) => void kv.set(key, { value, options }),
    delete: async (key: string) => void kv.delete(key),
  });
  return { kv, handler };
}

/** What the handler itself writes for a page with these tags. */
async function writtenBy(adapter: string) {
  const { kv, handler } = await oracleOf(adapter);
  await handler.set(KEY, { kind: "APP_PAGE", html: "A" }, { tags: TAGS });
  const { value, options } = kv.get(`cache:${KEY}`) as Put;
  return { tags: JSON.parse(value).tags as string[], ...options };
}

/** The page's own tags among those that are seeded. */
function ownTags(pair: Pair | undefined) {
  const { tags } = JSON.parse(pair?.value ?? "{}") as { tags: string[] };
  return tags.filter((tag) => TAGS.includes(tag));
}

describe.each([
  ...PUBLISHED.map((version) => [version, project] as const),
  ["newer", newerProject] as const,
])("the adapter %s", (version, make) => {
  it("gets the tags it would write itself", async () => {
    const { root, adapter } = make(version);
    const pair = (await seededPairs(root)).get(`cache:${KEY}`);
    const theirs = await writtenBy(adapter);
    expect(ownTags(pair)).toEqual(theirs.tags);
    expect(pair?.metadata?.tags).toEqual(JSON.parse(pair?.value ?? "{}").tags);
  });

  it("gets a TTL for static pages if it sets one itself", async () => {
    const { root, adapter } = make(version);
    const { expirationTtl } = await writtenBy(adapter);
    expect((await seededPairs(root)).get(`cache:${KEY}`)?.expiration_ttl).toBe(expirationTtl);
    const asked = await seededPairs(root, { staticTtlSeconds: 3600 });
    expect(asked.get(`cache:${KEY}`)?.expiration_ttl).toBe(3600);
  });
});

describe("a newer adapter", () => {
  it("purges a seeded page by a tag with a colon", async () => {
    const { root, adapter } = newerProject();
    const { kv, handler } = await oracleOf(adapter);
    for (const [key, { value }] of await seededPairs(root)) kv.set(key, { value, options: {} });
    expect(await handler.get(KEY)).toMatchObject({ value: { html: "A" } });
    await handler.revalidateTag("user:42");
    expect(await handler.get(KEY)).toBeNull();
  });

  it("applies `ttlSeconds` to static pages too", async () => {
    const { root } = newerProject();
    const pairs = await seededPairs(root, { ttlSeconds: 7200 });
    expect(pairs.get(`cache:${KEY}`)?.expiration_ttl).toBe(7200);
  });
});

it("uses the Worker's adapter if a different one was installed later", async () => {
  const { root } = newerProject();
  writeWorker(root, { buildId: BUILD_ID, keepsColons: false });
  expect(ownTags((await seededPairs(root)).get(`cache:${KEY}`))).toEqual(["plain"]);

  const { root: older } = project("1.0.0-beta.7");
  writeWorker(older, { buildId: BUILD_ID, keepsColons: true });
  expect(ownTags((await seededPairs(older)).get(`cache:${KEY}`))).toContain("user:42");
});
