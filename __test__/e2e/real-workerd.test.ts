// Real builds, a real Workers KV namespace, the real Worker in real workerd: what is seeded is a
// HIT on the first request, with the bytes that the build wrote.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildZoo } from "../../compat/project.js";
import { seedKvCache } from "../../index.js";
import { findCommand } from "../../lib/installed-package.js";
import { startLocalApi } from "../../lib/local-api/server.js";
import { prerenderedArtefacts } from "../../scripts/build-output.js";
import { startWranglerDev, type DevWorker } from "../../scripts/wrangler-dev.js";
import { spawnSync } from "node:child_process";

const EXAMPLE = fileURLToPath(new URL("../../example", import.meta.url));
const TOKEN = "local-token";

function buildExample(): string {
  const vite = findCommand(EXAMPLE, "vite") ?? "";
  const { status, stderr } = spawnSync(process.execPath, [vite, "build"], { cwd: EXAMPLE, encoding: "utf-8" });
  if (status !== 0) throw new Error(stderr);
  return EXAMPLE;
}

const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-e2e-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Seeds a project's own namespace below a persistence directory. */
async function seedProject(root: string, persistTo: string) {
  const config = JSON.parse(readFileSync(path.join(root, "dist/server/wrangler.json"), "utf-8"));
  const namespaceId: string = config.kv_namespaces[0].id;
  const api = await startLocalApi({ persistTo, namespaceIds: [namespaceId], apiToken: TOKEN, root });
  try {
    return await seedKvCache({
      root,
      accountId: "local",
      namespaceId,
      apiToken: TOKEN,
      apiBaseUrl: api.baseUrl,
      allowUnprovenRoutes: true,
    });
  } finally {
    await api.close();
  }
}

interface Answer {
  cache: string | null;
  status: number;
  body: Buffer;
}

async function get(worker: DevWorker, url: string): Promise<Answer> {
  const response = await fetch(worker.url + url, { redirect: "manual" });
  const body = Buffer.from(await response.arrayBuffer());
  return { cache: response.headers.get("x-vinext-cache"), status: response.status, body };
}

describe.each([
  { vinext: "1.4.0", build: buildExample, generation: "g12" },
  { vinext: "0.0.38", build: () => buildZoo("0.0.38"), generation: "g02" },
])("vinext $vinext", ({ vinext, build, generation }) => {
  const persistTo = path.join(scratch, vinext);
  let root: string;
  let result: Awaited<ReturnType<typeof seedProject>>;
  let worker: DevWorker;

  beforeAll(async () => {
    root = build();
    result = await seedProject(root, persistTo);
    worker = await startWranglerDev({ root, persistTo });
  });
  afterAll(() => worker?.stop());

  it("is recognised, and its pages are stored", () => {
    expect(result.skipped).toBeUndefined();
    expect(result.runtime).toMatchObject({ vinext, generation });
    expect(result.seededRoutes).toBeGreaterThan(3);
  });

  it("answers the first request for everything that was seeded from the cache", async () => {
    const leftOut = new Set(result.routesSkipped.map(({ route, path }) => path ?? route));
    const artefacts = prerenderedArtefacts(root).filter(
      ({ route, url }) => !leftOut.has(route) && !leftOut.has(url.replace(/\.rsc$/u, "")),
    );
    expect(artefacts).toHaveLength(result.kvPairsUploaded);
    for (const { url, status, content } of artefacts) {
      const answer = await get(worker, url);
      expect(answer, url).toMatchObject({ cache: "HIT", status });
      expect(answer.body.equals(content), url).toBe(true);
    }
  });

  it("renders what was left out", async () => {
    const rendered = result.routesSkipped.filter(({ code }) => code === "never-read");
    for (const { route } of rendered) {
      expect((await get(worker, route)).cache, route).not.toBe("HIT");
    }
    expect(rendered.length > 0).toBe(generation === "g02");
  });
});
