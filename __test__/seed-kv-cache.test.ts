// The requests that `seedKvCache` makes, and the runtime that it makes them for.

import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BUILD_ID, buildOf, key, payload, rendered } from "./support/build.js";
import { EXAMPLE_MODULES } from "./support/project.js";
import { entryOf, startRecorder, type Pair } from "./support/recorder.js";
import { startScriptedApi } from "./support/scripted-api.js";
import { TARGET, TOKEN, failureOf, seed, seeded } from "./support/seed.js";

describe("requests", () => {
  it("sends the token and the content type", async () => {
    const { requests } = await seeded(buildOf([rendered("/a")], { "a.html": "a" }));
    expect(requests[0]).toMatchObject({
      method: "PUT",
      url: "/client/v4/accounts/test-account-123/storage/kv/namespaces/test-namespace-456/bulk",
      headers: {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(requests[0]?.body ?? "")),
      },
    });
  });

  it("rejects on an HTTP error", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const body = JSON.stringify({
      success: false,
      errors: [{ code: 10000, message: "Authentication error" }],
    });
    const api = await startRecorder({ status: 403, body, headers: { "cf-ray": "8f0-FRA" } });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toMatch(/^KV bulk upload failed: HTTP 403/u);
    expect(error.message).toContain("Authentication error [code: 10000]");
    expect(error).toMatchObject({ status: 403, cfRay: "8f0-FRA", cloudflareCodes: [10000] });
    expect(error.report).toMatchObject({ seededRoutes: 0, kvPairsUploaded: 0, buildId: BUILD_ID });
  });

  it("rejects on HTTP 200 with success: false", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const body = JSON.stringify({ success: false, errors: [{ code: 10022, message: "bad pair" }] });
    const api = await startRecorder({ body });
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
    expect(error.message).toBe(
      "KV bulk upload rejected: bad pair [code: 10022]; 0 of 1 entries are stored",
    );
    expect(error.code).toBe("KV_REJECTED");
  });

  it("splits at 10,000 entries and keeps their order", async () => {
    const paths = Array.from({ length: 10_001 }, (_, index) => `/p${index}`);
    const files = Object.fromEntries(paths.map((pathname) => [`${pathname.slice(1)}.html`, "x"]));
    const root = buildOf(
      paths.map((pathname) => rendered(pathname)),
      files,
    );
    const { result, requests } = await seeded(root, { concurrency: 1 });
    const keys = requests.map(({ body }) => (JSON.parse(body) as Pair[]).map((pair) => pair.key));
    expect(keys.map((batch) => batch.length)).toEqual([10_000, 1]);
    expect(keys.flat()).toEqual(paths.map((pathname) => key(pathname, "html")));
    expect(result).toMatchObject({ seededRoutes: 10_001, kvPairsUploaded: 10_001, batches: 2 });
  });

  it("splits at the given number of entries and bytes", async () => {
    const paths = ["/a", "/b", "/c", "/d", "/e"];
    const files = Object.fromEntries(
      paths.map((pathname) => [`${pathname.slice(1)}.html`, "x".repeat(500)]),
    );
    const root = buildOf(
      paths.map((pathname) => rendered(pathname)),
      files,
    );
    const byPairs = await seeded(root, { maxBatchPairs: 2, concurrency: 1 });
    expect(byPairs.requests.map(({ body }) => JSON.parse(body).length)).toEqual([2, 2, 1]);
    const byBytes = await seeded(root, { maxBatchBytes: 2500, concurrency: 1 });
    expect(byBytes.requests.length).toBeGreaterThan(1);
    for (const { body } of byBytes.requests)
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(2500);
    const oneEach = await seeded(root, { maxBatchBytes: 1 });
    expect(oneEach.requests).toHaveLength(5);
  });
});

describe("requests in flight", () => {
  it.each([
    ["as many as are asked for", { concurrency: 3 }, 3],
    ["at most eight", {}, 8],
    ["one, where there is no memory for more", { maxMemoryBytes: 1 }, 1],
  ])("are %s", async (_, options, expected) => {
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const files = Object.fromEntries(names.map((name) => [`${name}.html`, "x"]));
    const root = buildOf(
      names.map((name) => rendered(`/${name}`)),
      files,
    );
    const api = await startScriptedApi(() => ({ silent: "before the reply" }));
    const controller = new AbortController();
    const { signal } = controller;
    const run = failureOf(
      seed({ root, apiBaseUrl: api.baseUrl, maxBatchPairs: 1, signal, ...options }),
    );
    await api.arrived(expected);
    // One more would come right after them.
    await sleep(300);
    expect(api.requests).toHaveLength(expected);
    controller.abort();
    expect(await run).toMatchObject({ code: "ABORT_ERR", report: { kvPairsUploaded: 0 } });
  });
});

describe("vinext 0.0.38", () => {
  const routes = [rendered("/isr", { revalidate: 60 }), rendered("/static")];
  const files = { "isr.html": "isr", "isr.rsc": payload(), "static.html": "static" };
  const runtime = { vinext: "0.0.38" };

  function buildWithWorker(code: string) {
    const root = buildOf(routes, files);
    writeFileSync(path.join(root, "dist/server/index.js"), code);
    return root;
  }

  const WORKER = 'function __isrCacheKey(p, s) {\n\tconst prefix = "app:the-workers-id";\n}';

  it("uses the Worker's build id and that version's format", async () => {
    const options = { runtime, allowUnprovenRoutes: true };
    const { result, pairs } = await seeded(buildWithWorker(WORKER), options);
    expect(result).toMatchObject({
      buildId: "the-workers-id",
      seededRoutes: 1,
      kvPairsUploaded: 2,
    });
    expect(pairs[0]?.key).toBe("cache:app:the-workers-id:/isr:html");
    expect(Object.keys(entryOf(pairs[0]))).toEqual([
      "value",
      "tags",
      "lastModified",
      "revalidateAt",
    ]);
    expect(entryOf(pairs[0]).value).toEqual({ kind: "APP_PAGE", html: "isr" });
    expect(result.routesSkipped).toMatchObject([{ route: "/static", code: "never-read" }]);
  });

  it("skips versions before 0.2.1 unless allowUnprovenRoutes is set", async () => {
    const { result, requests } = await seeded(buildWithWorker(WORKER), { runtime });
    expect(result.skippedCode).toBe("unproven-routes");
    expect(result.skipped).toContain("allowUnprovenRoutes");
    expect(requests).toHaveLength(0);
  });

  it("does nothing if the Worker does not show its build id", async () => {
    const options = { runtime, allowUnprovenRoutes: true };
    const { result } = await seeded(buildWithWorker("export {}"), options);
    expect(result.skippedCode).toBe("build-id-not-found");
    const { result: none } = await seeded(buildOf(routes, files), options);
    expect(none.skippedCode).toBe("build-id-not-found");
  });
});

describe("the runtime", () => {
  const build = () => buildOf([rendered("/a")], { "a.html": "a" });

  it("is the installed one unless the caller names another", async () => {
    const root = build();
    const { result: none } = await seeded(root, { runtime: undefined });
    expect(none.skippedCode).toBe("vinext-not-installed");
    symlinkSync(EXAMPLE_MODULES, path.join(root, "node_modules"));
    const { result } = await seeded(root, { runtime: undefined });
    expect(result.runtime).toEqual({
      vinext: "1.4.0",
      cloudflare: "1.0.0-beta.7",
      generation: "g12",
    });
    const named = await seeded(root, { runtime: { vinext: "1.0.0-beta.10" } });
    expect(named.result.runtime).toEqual({ vinext: "1.0.0-beta.10", generation: "g11" });
  });

  it.each([
    ["0.0.30", "unsupported-version"],
    ["0.0.31", "unsupported-version"],
    ["0.0.49", "unsupported-version"],
    ["1.3.0", "unknown-version"],
    ["99.0.0", "unknown-version"],
    ["latest", "invalid-version"],
  ])("is rejected as vinext %s, with a reason", async (vinext, code) => {
    const options = { runtime: { vinext }, allowUnprovenRoutes: true };
    const { result, requests } = await seeded(build(), options);
    expect(result.skippedCode).toBe(code);
    expect(result.skipped).toContain(vinext);
    expect(requests).toHaveLength(0);
  });

  it("must match the one that rendered the pages", async () => {
    const root = build();
    writeFileSync(path.join(root, "dist/server/BUILD_ID"), "another-build");
    const { result } = await seeded(root);
    expect(result.skippedCode).toBe("other-build");
    writeFileSync(path.join(root, "dist/server/BUILD_ID"), `${BUILD_ID}\n`);
    expect((await seeded(root)).result.seededRoutes).toBe(1);
  });
});

it("never shows the token", async () => {
  const root = buildOf([rendered("/a")], { "a.html": "a" });
  const api = await startRecorder({ status: 400, body: `no such token: ${TOKEN}` });
  const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
  const shown = [error.message, error.stack, JSON.stringify(error), String(error)].join();
  expect(shown).not.toContain(TARGET.apiToken);
  expect(error.message).toContain("no such token: [token]");
});
