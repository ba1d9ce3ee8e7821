// Projects without a wrangler configuration: the target is what the build has left in
// `.cloudflare/output/v0/`. That real builds leave these files is in __test__/deploy/.

import { symlinkSync, utimesSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { resolveLocalTarget, resolveTarget } from "../lib/wrangler/resolve.js";
import { cli } from "./support/cli.js";
import {
  ACCOUNT,
  API_TOKEN,
  PROVISIONED,
  startCloudflare,
  type CloudflareOptions,
} from "./support/cloudflare.js";
import { temporaryDirectory } from "./support/build.js";
import { EXAMPLE_MODULES, NAMESPACE, wranglerConfig, writeProject } from "./support/project.js";
import { OTHER, resolve, stubVariables } from "./support/target.js";

const OUTPUT = ".cloudflare/output/v0";
const WORKER = `${OUTPUT}/workers/default/worker.config.json`;

interface Output {
  settings?: object;
  binding?: object;
  worker?: object;
  files?: Record<string, string | object>;
}

function project({ settings, binding, worker, files }: Output = {}) {
  const env = { ASSETS: { type: "assets" }, VINEXT_KV_CACHE: { type: "kv", ...binding } };
  return writeProject({
    wrangler: false,
    files: {
      "cloudflare.config.ts": "",
      [`${OUTPUT}/config.json`]: {
        accountId: ACCOUNT,
        buildContext: { isPreview: false, mode: "production" },
        ...settings,
      },
      [WORKER]: { name: "shop", compatibilityDate: "2026-05-01", env, ...worker },
      ...files,
    },
  });
}

const bound = (more: object = {}) => ({ binding: { id: NAMESPACE, ...more } });

describe("the target of a Build Output", () => {
  it("is the namespace of the Worker's binding, in the account of the settings", async () => {
    const root = project(bound());
    const { target, cloudflare } = await resolve(root);
    expect(target).toMatchObject({
      accountId: ACCOUNT,
      accountSource: expect.stringMatching(/^accountId of /u),
      namespaceId: NAMESPACE,
      binding: "VINEXT_KV_CACHE",
      configPath: path.join(root, WORKER),
    });
    expect(cloudflare.calls).toEqual([]);
  });

  it("without an id is the namespace of the Worker that is deployed", async () => {
    const workers = { shop: { VINEXT_KV_CACHE: OTHER }, renamed: { VINEXT_KV_CACHE: PROVISIONED } };
    expect((await resolve(project(), {}, { api: { workers } })).target).toMatchObject({
      namespaceId: OTHER,
    });
    const options = { workerName: "renamed" };
    expect((await resolve(project(), options, { api: { workers } })).target).toMatchObject({
      namespaceId: PROVISIONED,
    });
    expect((await resolve(project())).target).toMatchObject({ code: "deploy-first" });
  });

  it("is looked up in a dispatch namespace", async () => {
    const { target, cloudflare } = await resolve(project(), { dispatchNamespace: "customers" });
    expect(target).toMatchObject({ code: "deploy-first" });
    expect(cloudflare.calls.map((call) => call.path)).toEqual([
      `/accounts/${ACCOUNT}/workers/dispatch/namespaces/customers/scripts/shop/settings`,
    ]);
  });

  it("is in the compliance region of the settings", async () => {
    const root = project({ ...bound(), settings: { complianceRegion: "fedramp-high" } });
    stubVariables({ CLOUDFLARE_API_TOKEN: API_TOKEN });
    expect(await resolveTarget({ root })).toMatchObject({
      apiBaseUrl: "https://api.fed.cloudflare.com/client/v4",
    });
  });

  it("follows the layout of the last build", async () => {
    const built = wranglerConfig({ topLevelName: "shop", account_id: OTHER });
    const root = project({ ...bound(), files: { "dist/server/wrangler.json": built } });
    const at = (file: string, seconds: number) =>
      utimesSync(path.join(root, file), seconds, seconds);
    at("dist/server/wrangler.json", 1_000);
    at(`${OUTPUT}/config.json`, 2_000);
    expect((await resolve(root)).target).toMatchObject({ accountId: ACCOUNT });
    at("dist/server/wrangler.json", 3_000);
    // That one is wrangler's to read, and there is none.
    expect((await resolve(root)).target).toMatchObject({ code: "no-config" });
  });

  it.each([
    ["no Worker", { [WORKER]: "" }, /worker\.config\.json is not a JSON object/u],
    ["settings of another kind", { [`${OUTPUT}/config.json`]: "[]" }, /config\.json is not/u],
  ])("is not guessed with %s", async (_, files, reason) => {
    expect((await resolve(project({ files }))).target).toMatchObject({
      code: "config-unreadable",
      reason: expect.stringMatching(reason),
    });
  });

  it("rejects another mode, a Preview, and environments", async () => {
    const production = project(bound());
    expect((await resolve(production, { viteMode: "staging" })).target).toMatchObject({
      code: "environment-mismatch",
      reason: expect.stringContaining("--mode production, not staging"),
    });
    expect((await resolve(production, { viteMode: "production" })).target).toMatchObject({
      namespaceId: NAMESPACE,
    });
    expect((await resolve(production, { env: "staging" })).target).toMatchObject({
      code: "no-such-environment",
      reason: expect.stringContaining("cloudflare.config.ts"),
    });
    const settings = { buildContext: { isPreview: true, mode: "production" } };
    expect((await resolve(project({ ...bound(), settings }))).target).toMatchObject({
      code: "environment-mismatch",
    });
  });
});

it("gives no advice about wrangler", async () => {
  const env = { CLOUDFLARE_API_TOKEN: undefined };
  const targets = [
    (await resolve(project(bound()), {}, { env })).target,
    (await resolve(project({ binding: { id: "<id>" } }))).target,
    (await resolve(project({ worker: { env: {} } }))).target,
    (await resolve(project())).target,
    (await resolve(writeProject({ wrangler: false, files: { "cloudflare.config.ts": "" } })))
      .target,
  ];
  expect(targets.map((target) => "code" in target && target.code)).toEqual([
    "no-api-token",
    "invalid-namespace-id",
    "no-namespace",
    "deploy-first",
    "no-config",
  ]);
  for (const target of targets)
    expect((target as { reason: string }).reason).not.toContain("wrangler");
});

describe("the local target", () => {
  it("is in the project, under the id or the binding's name", async () => {
    const root = project(bound());
    const persistTo = path.join(root, ".wrangler", "state");
    expect(await resolveLocalTarget({ root })).toMatchObject({
      namespaceId: NAMESPACE,
      persistTo,
      warnings: [],
    });
    expect(await resolveLocalTarget({ root: project() })).toMatchObject({
      namespaceId: "VINEXT_KV_CACHE",
    });
  });

  it("is where the Vite configuration keeps local state", async () => {
    const root = project({
      files: {
        "vite.config.mjs":
          'import { cloudflare } from "@cloudflare/vite-plugin"; ' +
          'export default { plugins: [cloudflare({ persistState: { path: "kv" } })] };',
        "node_modules/@cloudflare/vite-plugin/package.json": {
          name: "@cloudflare/vite-plugin",
          exports: { ".": { import: "./dist/index.mjs" } },
        },
        "node_modules/@cloudflare/vite-plugin/dist/index.mjs":
          "export const cloudflare = () => [];",
      },
    });
    symlinkSync(path.join(EXAMPLE_MODULES, "vite"), path.join(root, "node_modules", "vite"));
    expect(await resolveLocalTarget({ root })).toMatchObject({ persistTo: path.join(root, "kv") });
    expect(await resolveLocalTarget({ root, persistTo: "other" })).toMatchObject({
      persistTo: path.join(root, "other"),
    });
  });

  it("of a remote binding produces a warning", async () => {
    const root = project(bound({ dev: { remote: true } }));
    expect(await resolveLocalTarget({ root })).toMatchObject({
      warnings: [expect.stringMatching(/VINEXT_KV_CACHE is a remote binding/u)],
    });
  });
});

describe("run --after-deploy", () => {
  async function start(root: string, args: string[], api: CloudflareOptions) {
    const cloudflare = await startCloudflare(api);
    const run = async (...more: string[]) => {
      const env = { ...cloudflare.env, HOME: temporaryDirectory() };
      return cli([...more, ...args], { cwd: root, env });
    };
    return { cloudflare, run };
  }

  it("seeds after the first deploy only", async () => {
    const api: CloudflareOptions = {};
    const { cloudflare, run } = await start(project(), ["--strict", "--json"], api);
    const before = await run();
    expect(before.code).toBe(1);
    expect(JSON.parse(before.stdout)).toMatchObject({ skippedCode: "deploy-first" });
    expect(cloudflare.pairs()).toEqual([]);

    // The deploy.
    api.workers = { shop: { VINEXT_KV_CACHE: PROVISIONED } };
    const after = await run("--after-deploy");
    expect(after.code, after.stderr).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({ seededRoutes: 2 });
    expect(cloudflare.writes()).toEqual([
      { what: "kv", path: `/accounts/${ACCOUNT}/storage/kv/namespaces/${PROVISIONED}/bulk` },
    ]);

    const again = await run("--after-deploy");
    expect(again.code, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({
      skippedCode: "already-seeded",
      target: { namespaceId: PROVISIONED },
    });
    expect(cloudflare.writes()).toHaveLength(1);
  });

  it("seeds if visitors have already created some entries", async () => {
    const workers = { shop: { VINEXT_KV_CACHE: PROVISIONED } };
    const root = project();
    const { cloudflare, run } = await start(root, ["--json"], { workers });
    const { stdout } = await run("plan");
    const [{ key }] = JSON.parse(stdout).largestEntries;
    const url = `${cloudflare.baseUrl}/accounts/${ACCOUNT}/storage/kv/namespaces/${PROVISIONED}/bulk`;
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    await fetch(url, { method: "PUT", headers, body: JSON.stringify([{ key, value: "x" }]) });
    const after = await run("--after-deploy");
    expect(JSON.parse(after.stdout)).toMatchObject({ seededRoutes: 2 });
  });
});

it("the first deploy seeds afterwards and says so", async () => {
  const api: CloudflareOptions = {};
  const cloudflare = await startCloudflare(api);
  const root = project({
    files: {
      "node_modules/vite/package.json": { name: "vite", bin: "cli.cjs" },
      "node_modules/vite/cli.cjs": "",
      "node_modules/cf/package.json": { name: "cf", bin: "cli.cjs" },
      // The deploy creates the namespace.
      "node_modules/cf/cli.cjs": `
        const { CLOUDFLARE_API_BASE_URL: base, CLOUDFLARE_API_TOKEN: token } = process.env;
        const body = '--x\\r\\nname="metadata"\\r\\n\\r\\n{"bindings":[{"type":"kv_namespace","name":"VINEXT_KV_CACHE"}]}\\r\\n--x--';
        const headers = { authorization: "Bearer " + token };
        fetch(base + "/accounts/${ACCOUNT}/workers/scripts/shop", { method: "PUT", headers, body });`,
    },
  });
  const env = { ...cloudflare.env, HOME: temporaryDirectory() };
  const { code, stdout, stderr } = await cli(["deploy", "--strict"], { cwd: root, env });
  expect(code, stderr).toBe(0);
  expect(cloudflare.writes().map(({ what }) => what)).toEqual(["worker", "kv"]);
  expect(stderr).toMatch(
    /first deploy creates the KV namespace.*visitors get a MISS until it is done/su,
  );
  expect(stdout).toContain("Seeded 2 pages");

  // From now on seeding comes first.
  const next = await cli(["deploy", "--strict"], { cwd: root, env });
  expect(next.code, next.stderr).toBe(0);
  expect(cloudflare.writes().map(({ what }) => what)).toEqual(["worker", "kv", "kv", "worker"]);
});
