// What a deploy writes when there was one before: real builds of vinext 1.4.0, a real namespace, real workerd.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cacheState } from "../../compat/compare/answers.js";
import { get } from "../../compat/compare/observe.js";
import { buildAgain, buildProject } from "../../compat/project.js";
import { pruneFromProject, seedFromProject, verifyFromProject } from "../../index.js";
import { startLocalApi } from "../../lib/local-api/server.js";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";

/** Two builds and two Workers, on a machine that may be busy. */
const TIMEOUT_MS = 300_000;

const SETUP = {
  name: "redeploy",
  packages: "example",
  style: "adapter-prerender",
  zoo: ["small", "posts"],
};

const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-redeploy-"));
let root: string;

beforeAll(async () => {
  root = await buildProject(SETUP);
}, TIMEOUT_MS);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const seedInto = (state: string, options = {}) =>
  seedFromProject({ root, local: true, persistTo: path.join(scratch, state), ...options });

/** What the first request of each URL is, asked of one Worker. */
async function statesOf(state: string, urls: string[]) {
  const worker = await startWranglerDev({ root, persistTo: path.join(scratch, state) });
  try {
    const states = [];
    for (const url of urls) {
      const answer = await get(worker.url, url);
      states.push([url, answer.status, cacheState(answer)]);
    }
    return states;
  } finally {
    await worker.stop();
  }
}

it(
  "`htmlOnly` halves the writes: documents are HITs, and the Worker renders payloads",
  async () => {
    const whole = await seedInto("whole");
    const half = await seedInto("half", { htmlOnly: true });
    const documents = whole.seededRoutes;
    expect([whole.kvPairsUploaded, half.kvPairsUploaded]).toEqual([2 * documents, documents]);
    const urls = ["/", "/posts/hello", "/posts/hello.rsc", "/about", "/about.rsc"];
    expect(await statesOf("half", urls)).toEqual([
      ["/", 200, "HIT"],
      ["/posts/hello", 200, "HIT"],
      ["/posts/hello.rsc", 200, "MISS"],
      ["/about", 200, "HIT"],
      ["/about.rsc", 200, "MISS"],
    ]);
  },
  TIMEOUT_MS,
);

it(
  "with a content-based build id, the same content writes nothing and a changed post every entry once",
  async () => {
    const first = await seedInto("blog");
    const entries = first.kvPairsUploaded;
    expect(entries).toBeGreaterThan(10);

    await buildAgain(root);
    const again = await seedInto("blog");
    expect(again.buildId).toBe(first.buildId);
    expect(again).toMatchObject({ kvPairsUploaded: 0, kvPairsUnchanged: entries });

    const posts = path.join(root, "content", "posts.json");
    const before = readFileSync(posts, "utf-8");
    writeFileSync(posts, before.replace("A second post", "A better post"));
    await buildAgain(root);
    const changed = await seedInto("blog");
    expect(changed.buildId).not.toBe(first.buildId);
    expect(changed).toMatchObject({ kvPairsUploaded: entries, kvPairsUnchanged: 0 });
    expect(await statesOf("blog", ["/posts/again", "/posts/hello"])).toEqual([
      ["/posts/again", 200, "HIT"],
      ["/posts/hello", 200, "HIT"],
    ]);
  },
  TIMEOUT_MS,
);

it(
  "`prune` deletes what the live Worker does not read, and `verify` finds every page a HIT",
  async () => {
    const persistTo = path.join(scratch, "blog");
    const worker = await startWranglerDev({ root, persistTo });
    const { target } = await seedInto("blog");
    const namespaceId = target?.namespaceId ?? "";
    const api = await startLocalApi({
      root,
      persistTo,
      namespaceIds: [namespaceId],
      apiToken: "t",
    });
    try {
      const result = await pruneFromProject({
        ...{ root, accountId: "0123456789abcdef0123456789abcdef", apiToken: "t" },
        ...{ apiBaseUrl: api.baseUrl, namespaceId, url: worker.url, keep: 1 },
      });
      expect(result.skipped ?? result.failure).toBeUndefined();
      expect(result.builds?.map(({ kept }) => kept)).toEqual([
        "it is the build in dist",
        undefined,
      ]);
      expect(result.kvPairsDeleted).toBe(result.builds?.[1]?.kvPairs);
      const url = `${api.baseUrl}/accounts/any/storage/kv/namespaces/${namespaceId}/keys`;
      const keys = await fetch(url, {
        headers: { authorization: "Bearer t" },
      });
      const { result: left } = (await keys.json()) as { result: { name: string }[] };
      const pages = left.filter(({ name }) => name.includes("cache:app:v2:"));
      expect(pages).toHaveLength(result.builds?.[0]?.kvPairs ?? 0);
      const verified = await verifyFromProject({
        ...{ root, accountId: "0123456789abcdef0123456789abcdef", apiToken: "t" },
        ...{ apiBaseUrl: api.baseUrl, namespaceId, url: worker.url },
      });
      expect(verified.site?.problems).toEqual([]);
      expect(verified).toMatchObject({ isSound: true, stored: { missing: 0, different: 0 } });
      expect(verified.site?.counts.html.hit).toBe(7);
    } finally {
      await worker.stop();
      await api.close();
    }
  },
  TIMEOUT_MS,
);
