// The dry run and the export: the same entries as a seeding, to the byte, and nothing sent.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exportKvSeed, planKvSeed } from "../index.js";
import { buildOf, key, rendered, temporaryDirectory } from "./support/build.js";
import { startRecorder } from "./support/recorder.js";
import { failureOf, seed } from "./support/seed.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };

/** A build of `count` pages; the page `/pN` has N × 1,000 characters and one. */
function site(count: number) {
  const routes = Array.from({ length: count }, (_, index) => rendered(`/p${index}`));
  const files = Object.fromEntries(
    routes.map(({ route }, index) => [`${route.slice(1)}.html`, "x".repeat(1 + index * 1000)]),
  );
  return buildOf([...routes, rendered("/lost")], files);
}

describe("planKvSeed", () => {
  it("counts exactly what seedKvCache sends", async () => {
    const root = site(20);
    const limits = { maxBatchPairs: 6, maxBatchBytes: 50_000 };
    const api = await startRecorder();
    const plan = await planKvSeed({ root, ...RUNTIME, ...limits });
    expect(api.requests).toHaveLength(0);
    const result = await seed({ root, apiBaseUrl: api.baseUrl, ...limits });
    expect(plan).toMatchObject({
      routes: result.seededRoutes,
      totalRoutes: 21,
      kvPairs: result.kvPairsUploaded,
      bytes: result.bytesUploaded,
      batches: api.requests.length,
      buildId: result.buildId,
      runtime: result.runtime,
      routesSkipped: [{ route: "/lost", code: "missing-artifact" }],
    });
    expect(plan.batches).toBeGreaterThan(3);
  });

  it("names the ten largest entries", async () => {
    const { largestEntries } = await planKvSeed({ root: site(30), ...RUNTIME });
    const largest = Array.from({ length: 10 }, (_, rank) => key(`/p${29 - rank}`, "html"));
    expect(largestEntries.map((entry) => entry.key)).toEqual(largest);
    expect(largestEntries[0]?.bytes).toBeGreaterThan(29_000);
  });

  it("says why nothing would be seeded", async () => {
    const { skippedCode, kvPairs } = await planKvSeed({ root: temporaryDirectory(), ...RUNTIME });
    expect({ skippedCode, kvPairs }).toEqual({ skippedCode: "no-manifest", kvPairs: 0 });
    const none = await planKvSeed({ root: buildOf([rendered("/lost")]), ...RUNTIME });
    expect(none.skippedCode).toBe("artifacts-missing");
    expect(none.routesSkipped).toHaveLength(1);
  });

  it("rejects with a code, never throws", async () => {
    for (const options of [undefined, {}, { root: "" }, { root: "x", maxBatchPairs: 0 }]) {
      const failure = await failureOf(planKvSeed(options as never));
      expect(failure.code).toBe("INVALID_OPTION");
    }
    const signal = AbortSignal.abort(new Error("enough"));
    const aborted = await failureOf(planKvSeed({ root: site(1), ...RUNTIME, signal }));
    expect(aborted).toMatchObject({ code: "ABORT_ERR", name: "AbortError" });
  });
});

/** A file system of 1 MB, where this process may mount one. */
function temporaryFileSystem() {
  const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-disk-"));
  const options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory];
  const isMounted = spawnSync("mount", options).status === 0;
  afterAll(() => {
    if (isMounted) spawnSync("umount", [directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  return isMounted ? directory : undefined;
}

describe("exportKvSeed", () => {
  it("writes the same bodies as seedKvCache sends", async () => {
    const root = site(20);
    const limits = { maxBatchPairs: 6, maxBatchBytes: 50_000 };
    const directory = path.join(temporaryDirectory(), "new", "kv");
    const exported = await exportKvSeed({ root, directory, ...RUNTIME, ...limits });
    const api = await startRecorder();
    await seed({ root, apiBaseUrl: api.baseUrl, concurrency: 1, ...limits });
    const files = readdirSync(directory).sort();
    expect(files).toEqual(exported.files.map(({ name }) => name));
    expect(files[0]).toBe("kv-bulk-0001.json");
    const pairs = files.flatMap((name) =>
      JSON.parse(readFileSync(path.join(directory, name), "utf-8")),
    );
    expect(pairs.map((pair) => pair.key)).toEqual(api.pairs().map((pair) => pair.key));
    expect(pairs.map(({ value }) => JSON.parse(value).value)).toEqual(
      api.pairs().map(({ value }) => JSON.parse(value).value),
    );
    expect(exported).toMatchObject({ routes: 20, kvPairs: 20 });
    for (const { name, kvPairs, bytes } of exported.files) {
      const body = readFileSync(path.join(directory, name));
      expect(body).toHaveLength(bytes);
      expect(JSON.parse(body.toString())).toHaveLength(kvPairs);
    }
  });

  it("splits files at 25 MB by default", async () => {
    const page = "x".repeat(9_000_000);
    const files = { "a.html": page, "b.html": page, "c.html": page };
    const root = buildOf([rendered("/a"), rendered("/b"), rendered("/c")], files);
    const kvPairsOf = async (options: object) => {
      const directory = temporaryDirectory();
      const exported = await exportKvSeed({ root, directory, ...RUNTIME, ...options });
      return exported.files.map(({ kvPairs }) => kvPairs);
    };
    expect(await kvPairsOf({})).toEqual([2, 1]);
    expect(await kvPairsOf({ maxBatchBytes: 30_000_000 })).toEqual([3]);
  });

  const tmpfs = temporaryFileSystem();
  it.skipIf(tmpfs === undefined)("reports a full disk and leaves nothing behind", async () => {
    const directory = path.join(tmpfs ?? "", "kv");
    const failure = await failureOf(
      exportKvSeed({ root: site(80), directory, ...RUNTIME, maxBatchBytes: 300_000 }),
    );
    expect(failure.code).toBe("EXPORT_UNWRITABLE");
    expect(failure.message).toContain("the disk is full");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("rejects a directory that is not empty", async () => {
    const directory = temporaryDirectory();
    writeFileSync(path.join(directory, "kv-bulk-0009.json"), "[]");
    const failure = await failureOf(exportKvSeed({ root: site(1), directory, ...RUNTIME }));
    expect(failure.code).toBe("EXPORT_DIRECTORY_NOT_EMPTY");
    expect(failure.message).toContain(directory);
    expect(readdirSync(directory)).toEqual(["kv-bulk-0009.json"]);
  });

  it("creates no directory if there is nothing to export", async () => {
    const directory = path.join(temporaryDirectory(), "kv");
    const { skippedCode } = await exportKvSeed({
      root: temporaryDirectory(),
      directory,
      ...RUNTIME,
    });
    expect(skippedCode).toBe("no-manifest");
    expect(existsSync(directory)).toBe(false);
  });

  it("names an unwritable directory", async () => {
    const file = path.join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    const directory = path.join(file, "kv");
    const failure = await failureOf(exportKvSeed({ root: site(1), directory, ...RUNTIME }));
    expect(failure.code).toBe("EXPORT_UNWRITABLE");
    expect(failure.message).toContain(directory);
  });
});
