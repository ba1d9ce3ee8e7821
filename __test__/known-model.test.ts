// Random sequences of builds, seedings, cut-offs, quotas, invalidations, rewrites and prunings against real
// KV.
//
// After each seeding the namespace has what a full seeding would have written, and exactly the entries
// that differed were written. After each pruning nothing is gone of a build that is live, in dist, or
// among the newest, nor a key of anything else. The check reads the stored values; it knows nothing of
// digests and records.
// SEED_MODEL_SEQUENCES=10000 for more sequences than here, SEED_MODEL_SEED for others.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exportKvSeed, pruneFromProject, seedKvCache } from "../index.js";
import { startLocalApi, type LocalApi } from "../lib/local-api/server.js";
import { payload, rendered } from "./support/build.js";
import { Dice } from "./support/chaos/dice.js";
import { startCountingApi, type CountingApi } from "./support/counting-api.js";
import type { Pair } from "./support/recorder.js";
import { failureOf, TARGET, TOKEN } from "./support/seed.js";

const SEQUENCES = Number(process.env.SEED_MODEL_SEQUENCES ?? 200);
const SEED = process.env.SEED_MODEL_SEED ?? "1";
const AT_A_TIME = 8;
const STEPS = 4;
const PAGES = 4;

const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-model-"));
const ids = Array.from({ length: AT_A_TIME }, (_, index) => String(index).repeat(32));
let local: LocalApi;

beforeAll(async () => {
  const persistTo = path.join(directory, "state");
  local = await startLocalApi({ persistTo, namespaceIds: ids, apiToken: TOKEN });
}, 60_000);
afterAll(async () => {
  await local.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Stored {
  value: string;
  metadata: { tags?: string[]; seed?: string } | null;
}

class Site {
  readonly root: string;
  /** The builds that were made, the newest last. */
  readonly builds = ["build-0-end"];
  #full: Map<string, Pair> | undefined;
  readonly #pages = Array.from({ length: PAGES }, () => ({ text: 0, tag: 0, isr: false }));

  constructor(root: string) {
    this.root = root;
    this.build();
  }

  change(dice: Dice) {
    const page = this.#pages[dice.whole(0, PAGES - 1)];
    if (page === undefined) return;
    if (dice.chance(0.6)) page.text += 1;
    else if (dice.chance(0.5)) page.tag += 1;
    else page.isr = !page.isr;
    this.build();
  }

  /** The build in dist. */
  get buildId() {
    return this.builds.at(-1) ?? "";
  }

  /** Makes a build with an id of its own. */
  deploy() {
    this.builds.push(`build-${this.builds.length}-end`);
    this.build();
  }

  build() {
    this.#full = undefined;
    const server = path.join(this.root, "dist", "server");
    const files = path.join(server, "prerendered-routes");
    mkdirSync(files, { recursive: true });
    for (const [index, { text }] of this.#pages.entries()) {
      writeFileSync(path.join(files, `p${index}.html`), `<p>${text}</p>`);
      // A payload that stays, whatever the document says.
      writeFileSync(path.join(files, `p${index}.rsc`), payload(`p${index}`));
    }
    const routes = this.#pages.map(({ tag, isr }, index) =>
      rendered(`/p${index}`, {
        tags: [`page${index}`, `version${tag}`],
        ...(isr ? { revalidate: 3600 } : {}),
      }),
    );
    const manifest = { buildId: this.buildId, trailingSlash: false, routes };
    writeFileSync(path.join(server, "vinext-prerender.json"), JSON.stringify(manifest));
  }

  /** What a full seeding would write. */
  async full(): Promise<Map<string, Pair>> {
    if (this.#full !== undefined) return this.#full;
    const out = mkdtempSync(path.join(directory, "full-"));
    const { runtime } = TARGET;
    await exportKvSeed({ root: this.root, directory: out, runtime });
    const pairs = readdirSync(out)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => JSON.parse(readFileSync(path.join(out, name), "utf-8")) as Pair[]);
    rmSync(out, { recursive: true });
    this.#full = new Map(pairs.map((pair) => [pair.key, pair]));
    return this.#full;
  }
}

/** What the runtime would serve from a value, whenever it was written. */
function served(value: string) {
  const { lastModified: _, revalidateAt, expireAt, ...rest } = JSON.parse(value);
  return JSON.stringify([rest, revalidateAt === null, expireAt === null]);
}

class Namespace {
  readonly #url: string;

  constructor(id: string) {
    this.#url = `${local.baseUrl}/accounts/any/storage/kv/namespaces/${id}`;
  }

  async call(method: string, rest: string, body?: unknown) {
    const reply = await fetch(this.#url + rest, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return ((await reply.json()) as any).result;
  }

  async read(): Promise<Map<string, Stored>> {
    const keys = (await this.call("GET", "/keys?limit=1000")).map(({ name }: any) => name);
    if (keys.length === 0) return new Map();
    const { values } = await this.call("POST", "/bulk/get", { keys, withMetadata: true });
    return new Map(Object.entries(values));
  }
}

/** The keys whose entries have to be written. */
function outdated(full: Map<string, Pair>, stored: Map<string, Stored>) {
  return [...full.values()].filter(({ key, value, metadata }) => {
    const there = stored.get(key);
    if (there?.metadata?.seed === undefined || served(there.value) !== served(value)) return true;
    const { lastModified } = JSON.parse(there.value);
    return (metadata?.tags ?? []).some((tag) => {
      const marker = stored.get(`__tag:${tag}`);
      return marker !== undefined && Number(marker.value) >= lastModified;
    });
  });
}

/** Prunes, and checks what is gone. */
async function prune(site: Site, id: string, namespace: Namespace, api: CountingApi, dice: Dice) {
  const before = [...(await namespace.read()).keys()];
  const entriesOf = (buildId: string) =>
    before.filter((key) => key.startsWith(`cache:app:v2:${buildId}:`));
  const builds = site.builds.toReversed().filter((buildId) => entriesOf(buildId).length > 0);
  const live = dice.one(builds.length > 0 ? builds : [site.buildId]);
  const keep = dice.whole(1, 3);
  const dryRun = dice.chance(0.2);
  const maxDeletes = dice.chance(0.3) ? dice.whole(1, 12) : undefined;
  api.workerCode = `const id="${live}";`;
  const result = await pruneFromProject({
    root: site.root,
    ...{ accountId: "0123456789abcdef0123456789abcdef", namespaceId: id, apiToken: TOKEN },
    ...{ apiBaseUrl: api.baseUrl, runtime: TARGET.runtime, viteConfig: false, workerName: "shop" },
    ...{ keep, dryRun, ...(maxDeletes === undefined ? {} : { maxDeletes }) },
  });
  const after = new Set((await namespace.read()).keys());
  const old = builds.filter(
    (buildId, age) => buildId !== site.buildId && buildId !== live && age >= keep,
  );
  // A record whose build has no entries left describes nothing.
  const empty = site.builds.filter(
    (buildId) => buildId !== site.buildId && buildId !== live && !builds.includes(buildId),
  );
  const mayGo = new Set([
    ...old.flatMap(entriesOf),
    ...[...old, ...empty].map((buildId) => `vinext-seed:build:${buildId}`),
  ]);
  const gone = before.filter((key) => !after.has(key));
  const where = `pruning with ${JSON.stringify({ keep, dryRun, maxDeletes, live, builds })}`;
  expect(result.skipped ?? result.failure, where).toBeUndefined();
  expect(
    gone.filter((key) => !mayGo.has(key)),
    where,
  ).toEqual([]);
  const doomed = old.flatMap(entriesOf);
  const deleted = doomed.filter((key) => !after.has(key)).length;
  expect(result.kvPairsDeleted, where).toBe(deleted);
  expect(result.kvPairsNotDeleted, where).toBe(doomed.length - deleted);
  expect(gone.length, where).toBeLessThanOrEqual(dryRun ? 0 : (maxDeletes ?? Infinity));
  if (!dryRun && maxDeletes === undefined) expect(deleted, where).toBe(doomed.length);
}

async function sequence(number: number, id: string, api: CountingApi) {
  const dice = new Dice(`${SEED} ${number}`);
  const namespace = new Namespace(id);
  const site = new Site(mkdtempSync(path.join(directory, "site-")));
  const seed = (more: object = {}) =>
    seedKvCache({
      ...TARGET,
      root: site.root,
      namespaceId: id,
      apiBaseUrl: api.baseUrl,
      selfCheck: false,
      ...more,
    });
  const log: string[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const what = dice.one([
      ...["change", "rewrite", "delete", "invalidate", "rebuild", "cut", "quota"],
      ...["deploy", "deploy", "prune", "prune"],
    ]);
    log.push(what);
    const keys = [...(await site.full()).keys()];
    const key = dice.one(keys);
    if (what === "change") site.change(dice);
    if (what === "rebuild") site.build();
    if (what === "deploy") site.deploy();
    if (what === "delete") await namespace.call("POST", "/bulk/delete", [key]);
    if (what === "rewrite") {
      const now = Date.now();
      const value = JSON.stringify({
        value: { kind: "APP_PAGE", html: "rewritten" },
        tags: [],
        lastModified: now,
        revalidateAt: null,
        expireAt: null,
      });
      await namespace.call("PUT", "/bulk", [{ key, value, metadata: { tags: [] } }]);
    }
    if (what === "invalidate") {
      const marker = { key: `__tag:page${dice.whole(0, PAGES - 1)}`, value: String(Date.now()) };
      await namespace.call("PUT", "/bulk", [marker]);
    }
    api.reset();
    if (what === "prune") await prune(site, id, namespace, api, dice);
    if (what === "quota") {
      api.quota = dice.whole(0, 5);
      await seed({ maxBatchPairs: 2, concurrency: 1 }).catch(() => {});
    }
    if (what === "cut") {
      const controller = new AbortController();
      const after = dice.whole(0, 2);
      api.onBulk = () => {
        if (api.bulks >= after) controller.abort();
      };
      const seeding = seed({ maxBatchPairs: 2, concurrency: 1, signal: controller.signal });
      await seeding.catch(() => failureOf(seeding));
      await api.idle();
    }
    const maxWrites = dice.chance(0.3) ? dice.whole(1, 4) : undefined;
    api.reset();
    const full = await site.full();
    const expected = outdated(full, await namespace.read()).map(({ key: name }) => name);
    const result = await seed(maxWrites === undefined ? {} : { maxWrites });
    const written = Math.min(expected.length, maxWrites ?? Infinity);
    const where = `sequence ${number} of seed ${SEED}: ${log.join(", ")}`;
    expect(result.kvPairsUploaded, where).toBe(written);
    expect(result.kvPairsUnchanged, where).toBe(full.size - expected.length);
    expect(result.kvPairsNotStored, where).toBe(expected.length - written);
    expect(
      api.writes.filter((name) => !expected.includes(name)),
      where,
    ).toEqual([]);
    const stored = await namespace.read();
    for (const [name, { value }] of full) {
      if (maxWrites !== undefined && expected.includes(name) && !api.writes.includes(name))
        continue;
      expect(served(stored.get(name)?.value ?? "{}"), `${where}: ${name}`).toBe(served(value));
    }
  }
  await namespace.call("POST", "/bulk/delete", [...(await namespace.read()).keys()]);
  rmSync(site.root, { recursive: true });
}

it(
  `${SEQUENCES} random sequences end in the same state as full seeding`,
  async () => {
    let next = 0;
    await Promise.all(
      ids.map(async (id) => {
        const api = await startCountingApi(local.baseUrl);
        while (next < SEQUENCES) await sequence(next++, id, api);
      }),
    );
    expect(next).toBe(SEQUENCES);
  },
  Math.max(300_000, SEQUENCES * 3_000),
);
