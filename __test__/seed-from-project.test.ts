// `seedFromProject`: for a deploy script, which it never stops unless it is to.

import { symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { seedFromProject, type ProjectSeedOptions } from "../index.js";
import { startLocalApi } from "../lib/local-api/server.js";
import { BUILD_ID, key, rendered, temporaryDirectory } from "./support/build.js";
import {
  ACCOUNT,
  API_TOKEN,
  startCloudflare,
  type CloudflareOptions,
} from "./support/cloudflare.js";
import { EXAMPLE_MODULES, NAMESPACE, wranglerConfig, writeProject } from "./support/project.js";
import { failureOf } from "./support/seed.js";

const GIVEN = { accountId: ACCOUNT, namespaceId: NAMESPACE };

/** Calls it for a project without wrangler, which needs nothing else to be found out. */
async function seed(options: ProjectSeedOptions = {}, api: CloudflareOptions = {}) {
  const cloudflare = await startCloudflare(api);
  const env = { ...cloudflare.env, HOME: temporaryDirectory(), CLOUDFLARE_ACCOUNT_ID: undefined };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const root = options.root ?? writeProject({ wrangler: false });
  const promise = seedFromProject({ ...GIVEN, ...options, root });
  return { promise, cloudflare };
}

describe("seedFromProject", () => {
  it("seeds and reports the target", async () => {
    const { promise, cloudflare } = await seed();
    const result = await promise;
    expect(result).toMatchObject({
      seededRoutes: 2,
      kvPairsUploaded: 3,
      target: { accountId: ACCOUNT, namespaceId: NAMESPACE },
    });
    expect(result.failure).toBeUndefined();
    expect(cloudflare.pairs()).toHaveLength(3);
    expect(JSON.stringify(result)).not.toContain(API_TOKEN);
  });

  it("needs no options", async () => {
    const root = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    const { promise } = await seed({ root, accountId: undefined, namespaceId: undefined });
    expect(await promise).toMatchObject({
      seededRoutes: 2,
      target: { accountId: ACCOUNT, namespaceId: NAMESPACE, binding: "VINEXT_KV_CACHE" },
    });
  });

  it("uses the given environment and configuration", async () => {
    const config = wranglerConfig({ env: { staging: wranglerConfig({ name: undefined }) } });
    const root = writeProject({ files: { "deploy/other.json": config } });
    const named = { config: "deploy/other.json", env: "staging", binding: "VINEXT_KV_CACHE" };
    const { promise } = await seed({
      root,
      accountId: undefined,
      namespaceId: undefined,
      ...named,
    });
    const { target } = await promise;
    expect(target?.namespaceId).toBe(NAMESPACE);
    expect(target?.configPath).toBe(path.join(root, "deploy", "other.json"));
  });

  it("keeps local state next to the given configuration", async () => {
    const root = writeProject({ files: { "deploy/other.json": wranglerConfig() } });
    const { promise } = await seed({
      root,
      accountId: undefined,
      namespaceId: undefined,
      local: true,
      config: "deploy/other.json",
    });
    const { target } = await promise;
    expect(target?.persistTo).toBe(path.join(root, "deploy", ".wrangler", "state"));
  });

  it("seeds the local KV on request, without calling the API", async () => {
    const root = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    const { promise, cloudflare } = await seed({
      root,
      accountId: undefined,
      namespaceId: undefined,
      local: true,
      persistTo: "kv state",
    });
    const persistTo = path.join(root, "kv state");
    expect(await promise).toMatchObject({
      seededRoutes: 2,
      target: { namespaceId: NAMESPACE, binding: "VINEXT_KV_CACHE", persistTo },
    });
    expect(cloudflare.calls).toEqual([]);
    const api = await startLocalApi({ persistTo, namespaceIds: [NAMESPACE], apiToken: "local" });
    const url = `${api.baseUrl}/accounts/a/storage/kv/namespaces/${NAMESPACE}/keys`;
    const response = await fetch(url, { headers: { authorization: "Bearer local" } });
    const { result } = (await response.json()) as { result: { name: string }[] };
    await api.close();
    const keys = [key("/a", "html"), key("/a", "rsc"), key("/b", "html")];
    const record = `vinext-seed:build:${BUILD_ID}`;
    expect(result.map(({ name }) => name)).toEqual([...keys, record]);
  });

  it("accepts the options of seedKvCache", async () => {
    const phases: string[] = [];
    const worker = { adapter: { appPrefix: "shop" } };
    const { promise, cloudflare } = await seed({
      root: writeProject({ wrangler: false, worker }),
      appPrefix: "shop",
      maxBatchPairs: 1,
      onProgress: ({ phase }) => void phases.push(phase),
    });
    await promise;
    expect(cloudflare.writes()).toHaveLength(3);
    expect(cloudflare.pairs()[0]?.key).toMatch(/^shop:/u);
    expect(phases.at(-1)).toBe("done");
  });

  it("does nothing if disabled, even with strict", async () => {
    const { promise, cloudflare } = await seed({ noSeedCache: true, strict: true });
    expect(await promise).toMatchObject({ skippedCode: "switched-off", kvPairsUploaded: 0 });
    expect(cloudflare.calls).toEqual([]);
  });

  it("resolves if something is missing; rejects with strict", async () => {
    const root = writeProject({ wrangler: false });
    const missing = { root, namespaceId: undefined };
    const { promise } = await seed(missing);
    expect(await promise).toMatchObject({
      skippedCode: "no-config",
      skipped: expect.stringContaining("--namespace-id"),
      runtime: { vinext: "1.4.0" },
    });
    const strict = await failureOf((await seed({ ...missing, strict: true })).promise);
    expect(strict).toMatchObject({ code: "SEEDING_SKIPPED", report: { skippedCode: "no-config" } });
  });

  it("resolves if seeding fails; rejects with strict", async () => {
    const { promise } = await seed({}, { tokens: ["other"] });
    expect(await promise).toMatchObject({
      kvPairsUploaded: 0,
      failure: { code: "KV_UNAUTHORIZED", message: expect.stringContaining("403") },
    });
    const strict = (await seed({ strict: true }, { tokens: ["other"] })).promise;
    expect((await failureOf(strict)).code).toBe("KV_UNAUTHORIZED");
  });

  it("resolves if it is aborted or an option is invalid", async () => {
    const aborted = await (await seed({ signal: AbortSignal.abort() })).promise;
    expect(aborted).toMatchObject({ failure: { code: "ABORT_ERR" } });
    const wrong = await (await seed({ maxBatchPairs: 0 })).promise;
    expect(wrong).toMatchObject({ failure: { code: "INVALID_OPTION" } });
    const thrown = {
      onProgress: () => {
        throw undefined;
      },
    };
    expect((await (await seed(thrown)).promise).failure).toBeDefined();
  });

  it("names the setting that makes a build pre-render", async () => {
    const root = temporaryDirectory();
    const result = await (await seed({ root })).promise;
    expect(result).toMatchObject({
      skippedCode: "no-manifest",
      skippedDetail: expect.stringMatching(/prerender: \{ routes: "\*" \}/u),
    });
  });

  it("accepts having nothing to seed, even with strict", async () => {
    const dynamic = { ...rendered("/now"), status: "skipped", reason: "dynamic" };
    const root = writeProject({ wrangler: false, routes: [dynamic] });
    const { promise } = await seed({ root, strict: true });
    expect(await promise).toMatchObject({ skippedCode: "nothing-seedable" });
  });

  it.each([
    ["cdn-cache-configured", { cdn: { adapter: "x" } }],
    ["data-adapter-is-not-kv", { data: { adapter: "/p/redis-adapter.js" } }],
  ])("accepts a site that does not read KV: %s", async (code, cache) => {
    const plugin = { name: "vinext:config", __vinextCacheConfig: cache };
    const files = { "vite.config.mjs": `export default { plugins: [${JSON.stringify(plugin)}] };` };
    const root = writeProject({ wrangler: false, files });
    symlinkSync(path.join(EXAMPLE_MODULES, "vite"), path.join(root, "node_modules", "vite"));
    const { promise, cloudflare } = await seed({ root, strict: true });
    expect(await promise).toMatchObject({ skippedCode: code, kvPairsUploaded: 0 });
    expect(cloudflare.writes()).toEqual([]);
  });
});
