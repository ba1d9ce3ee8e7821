// `withSeed`: when it seeds, what it keeps, and that it never stops a build that does not ask for it.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { deployUnderWay } from "../lib/vite/deploy-under-way.js";
import { withSeed } from "../lib/vite/with-seed.js";
import { temporaryDirectory } from "./support/build.js";
import { run } from "./support/cli.js";
import { ACCOUNT, startCloudflare, type CloudflareOptions } from "./support/cloudflare.js";
import { NAMESPACE, wranglerConfig, writeProject, type ProjectFiles } from "./support/project.js";
import type { WithSeedOptions } from "../lib/vite/vite.js";

const ENTRY = new URL("../lib/vite/with-seed.js", import.meta.url).href;
const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));

/** A program that does what vinext does with a configuration: wrap, pre-render, call the hook. */
function program(root: string, options: object, before: string, after: string) {
  return `
    ${before}
    const { withSeed } = await import(${JSON.stringify(ENTRY)});
    const adapter = "/p/@vinext/cloudflare/dist/cache/kv-data-adapter.runtime.js";
    const { output } = withSeed({ adapter }, ${JSON.stringify(options)});
    const place = { root: ${JSON.stringify(root)}, clientOutDir: "dist/client" };
    if (process.env.SKIP_HOOK !== "1") await output.finalizePrerenderOutput(place);
    console.log("build continues");
    ${after}
  `;
}

interface Build {
  /** What the process is called with; `deploy` makes it vinext-cloudflare's. */
  command?: string[];
  env?: Record<string, string | undefined>;
  options?: WithSeedOptions;
  project?: ProjectFiles;
  api?: CloudflareOptions;
  /** Code that runs before all else. */
  before?: string;
  /** Code that runs when the hook has returned. */
  after?: string;
}

const GIVEN = { accountId: ACCOUNT, namespaceId: NAMESPACE };

async function build({ command = ["build"], before = "", after = "", ...how }: Build) {
  const { env, options, project, api } = how;
  const root = writeProject({ wrangler: false, ...project });
  const cloudflare = await startCloudflare(api);
  const directory = temporaryDirectory();
  const script = path.join(directory, "dist", "cli.js");
  mkdirSync(path.dirname(script));
  const isDeploy = command[0] === "deploy";
  const manifest = { name: isDeploy ? "@vinext/cloudflare" : "vite", type: "module" };
  writeFileSync(path.join(directory, "package.json"), JSON.stringify(manifest));
  writeFileSync(script, program(root, options ?? GIVEN, before, after));
  // As package managers do.
  const link = path.join(directory, "vinext-cloudflare");
  symlinkSync(script, link);
  const home = { HOME: directory, XDG_CONFIG_HOME: directory, WORKERS_CI: undefined };
  const ended = await run(link, command, {
    cwd: root,
    env: { ...cloudflare.env, ...home, VINEXT_SEED: undefined, ...env },
  });
  return { ...ended, root, cloudflare, output: ended.stdout + ended.stderr };
}

describe("a build with withSeed", () => {
  it("prints the plan and sends nothing outside a deploy", async () => {
    const { code, output, cloudflare } = await build({});
    expect(code, output).toBe(0);
    expect(output).toMatch(/a deploy would seed 2 pages, 3 entries .*; nothing was sent/u);
    expect(output).toContain("build continues");
    expect(cloudflare.calls).toEqual([]);
  });

  it.each([
    ["vinext-cloudflare deploy", { command: ["deploy"] }],
    ["Workers Builds", { env: { WORKERS_CI: "1" } }],
    ["VINEXT_SEED=1", { env: { VINEXT_SEED: "1" } }],
    ["VINEXT_SEED=true", { env: { VINEXT_SEED: "true" } }],
  ])("seeds in %s", async (_, how) => {
    const { code, output, cloudflare } = await build(how);
    expect(code, output).toBe(0);
    expect(output).toMatch(/Seeded 2 pages into/u);
    expect(cloudflare.pairs()).toHaveLength(3);
  });

  it.each([
    ["vinext-cloudflare deploy", { command: ["deploy"] }],
    ["Workers Builds", { env: { WORKERS_CI: "1" } }],
    ["a build", {}],
  ])("does nothing with VINEXT_SEED=0 in %s", async (_, how: Build) => {
    const { code, output, cloudflare } = await build({
      ...how,
      env: { ...how.env, VINEXT_SEED: "0" },
    });
    expect({ code, output }).toEqual({ code: 0, output: "build continues\n" });
    expect(cloudflare.calls).toEqual([]);
  });

  it("plans with the same options as seeding", async () => {
    const project = { artifacts: { "a.html": "A", "a.rsc": "0:a" } };
    const { output } = await build({ project, options: { maxBatchPairs: 0 } });
    expect(output).toMatch(/warning:.*maxBatchPairs/u);
  });

  it("warns and continues without a token, and fails with strict", async () => {
    const env = { VINEXT_SEED: "1", CLOUDFLARE_API_TOKEN: undefined };
    const { code, output, cloudflare } = await build({ env });
    expect(code, output).toBe(0);
    expect(output).toMatch(/warning:.* nothing is seeded \(no-api-token\)/u);
    expect(cloudflare.pairs()).toEqual([]);

    const strict = await build({ env, options: { ...GIVEN, strict: true } });
    expect(strict.code).toBe(1);
    expect(strict.output).toMatch(/no-api-token/u);
    expect(strict.output).not.toContain("build continues");
  });

  it("warns and continues if seeding fails, and fails with strict", async () => {
    const how = { env: { VINEXT_SEED: "1" }, api: { refusesBulk: "quota" as const } };
    const { code, output } = await build(how);
    expect(code, output).toBe(0);
    expect(output).toMatch(/warning:.* seeding failed \(\w+\)/u);

    const strict = await build({ ...how, options: { ...GIVEN, strict: true } });
    expect(strict.code).toBe(1);
  });

  it("does not fail a plain build, even with strict", async () => {
    const options = { strict: true, staticTtlSeconds: -1 };
    const { code, output } = await build({ options });
    expect(code, output).toBe(0);
    expect(output).toMatch(/warning:.*staticTtlSeconds/u);
  });

  it("warns and continues without native code, and fails with strict", async () => {
    const before = `
      const { Module } = await import("node:module");
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (request, ...rest) {
        if (/seed-native[.-](?:linux|darwin|win32)/u.test(request)) {
          throw Object.assign(new Error("Cannot find module"), { code: "MODULE_NOT_FOUND" });
        }
        return resolve.call(this, request, ...rest);
      };`;
    const plan = await build({ before });
    expect(plan.code, plan.output).toBe(0);
    expect(plan.output).toMatch(/warning: .*not installed.*\(NATIVE_CODE_MISSING\)/u);
    expect(plan.output).toContain("build continues");
    const env = { VINEXT_SEED: "1" };
    const seeding = await build({ before, env });
    expect(seeding.code, seeding.output).toBe(0);
    const strict = await build({ before, env, options: { strict: true } });
    expect(strict.code).toBe(1);
    expect(strict.output).toContain("NATIVE_CODE_MISSING");
  });

  it("takes environment and configuration from the deploy's arguments", async () => {
    const config = wranglerConfig({ env: { staging: wranglerConfig({ name: undefined }) } });
    const project = { wrangler: true, files: { "deploy/other.json": config } };
    const command = ["deploy", "--env=staging", "--config", "deploy/other.json", "--verbose", "--"];
    const { output, cloudflare } = await build({ command, project, options: {} });
    expect(output).toMatch(/Seeded 2 pages into VINEXT_KV_CACHE/u);
    expect(cloudflare.pairs()).toHaveLength(3);

    const elsewhere = ["deploy", "--env=production", "--config", "deploy/other.json"];
    const refused = await build({ command: elsewhere, project, options: { env: "staging" } });
    expect(refused.output).toMatch(/nothing is seeded .*production/u);
    expect(refused.cloudflare.writes()).toEqual([]);
  });

  it("looks up the Worker of the deploy's --name", async () => {
    const config = { name: "shop", kv_namespaces: [{ binding: "VINEXT_KV_CACHE" }] };
    const project = { wrangler: true, files: { "wrangler.json": config } };
    const api = { workers: { "shop-two": { VINEXT_KV_CACHE: NAMESPACE } } };
    const command = ["deploy", "--name", "shop-two"];
    const { output, cloudflare } = await build({ command, options: {}, project, api });
    expect(output).toContain(`Seeded 2 pages into VINEXT_KV_CACHE (${NAMESPACE})`);
    expect(cloudflare.pairs()).toHaveLength(3);
  });

  it("seeds at the end of a first deploy, which creates the namespace", async () => {
    const config = { name: "shop", kv_namespaces: [{ binding: "VINEXT_KV_CACHE" }] };
    const project = { wrangler: true, files: { "wrangler.json": config } };
    const api = { workers: { shop: { VINEXT_KV_CACHE: NAMESPACE } }, deploysOn: "/deploy" };
    const after = `await fetch(process.env.CLOUDFLARE_API_BASE_URL + "/deploy", { method: "POST" });`;
    const how = { command: ["deploy"], options: {}, project, api };
    const { code, output, cloudflare } = await build({ ...how, after });
    expect(code, output).toBe(0);
    expect(output).toMatch(/build continues[^]*Seeded 2 pages into VINEXT_KV_CACHE/u);
    expect(cloudflare.pairs()).toHaveLength(3);
  });

  it("seeds at the end of a successful deploy if vinext did not call it", async () => {
    const env = { SKIP_HOOK: "1" };
    const late = await build({ command: ["deploy"], env });
    expect(late.code, late.output).toBe(0);
    expect(late.stdout).toMatch(/build continues[^]*Seeded 2 pages into/u);
    expect(late.cloudflare.pairs()).toHaveLength(3);

    for (const after of ["process.exitCode = 3;", "process.exit(3);"]) {
      const failed = await build({ command: ["deploy"], env, after });
      expect(failed.code).toBe(3);
      expect(failed.cloudflare.calls).toEqual([]);
    }
    const off = await build({ command: ["deploy"], env: { ...env, VINEXT_SEED: "0" } });
    expect(off.cloudflare.calls).toEqual([]);
  });

  it("exits with 1 with strict if seeding at the end fails", async () => {
    const how = {
      command: ["deploy"],
      env: { SKIP_HOOK: "1" },
      api: { refusesBulk: "quota" as const },
    };
    const strict = await build({ ...how, options: { ...GIVEN, strict: true } });
    expect(strict.code).toBe(1);
    expect((await build(how)).code).toBe(0);
  });

  it("warns at the end of a build that should seed but does not", async () => {
    const SKIP_HOOK = "1";
    const silent = await build({ env: { SKIP_HOOK, WORKERS_CI: "1" } });
    expect(silent.code).toBe(0);
    expect(silent.stderr).toMatch(/warning: nothing was seeded: .*prerender: \{ routes: "\*" \}/u);
    const plain = await build({ env: { SKIP_HOOK } });
    expect(plain.stderr).toBe("");
    const dev = await build({ command: ["dev"], env: { SKIP_HOOK, VINEXT_SEED: "1" } });
    expect(dev.stderr).toBe("");
  });

  it("warns about an invalid VINEXT_SEED and ignores it", async () => {
    const { output, cloudflare } = await build({ env: { VINEXT_SEED: "later" } });
    expect(output).toMatch(/warning: VINEXT_SEED is neither 1 nor 0 and is ignored: later/u);
    expect(output).toMatch(/nothing was sent/u);
    expect(cloudflare.calls).toEqual([]);
  });

  it("can be imported without native code", async () => {
    const check = `
      await import(${JSON.stringify(ENTRY)});
      const report = process.report.getReport().sharedObjects.join(" ");
      if (report.includes("seed-native")) throw new Error(report);`;
    const script = path.join(temporaryDirectory(), "check.mjs");
    writeFileSync(script, check);
    expect(await run(script, [])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("withSeed", () => {
  const adapter = path.join(REPOSITORY, "cache", "kv-data-adapter.runtime.js");

  it("keeps the descriptor's members without changing the original", () => {
    const options = { binding: "CACHE" };
    const descriptor = { adapter, options, capabilities: { buildIdentity: "response-header" } };
    const seeded = withSeed(descriptor);
    const { output, ...rest } = seeded;
    expect(rest).toEqual(descriptor);
    expect(seeded.options).toBe(options);
    expect(descriptor).not.toHaveProperty("output");
    expect(Object.keys(output)).toEqual(["finalizePrerenderOutput"]);
  });

  it("keeps an output's other members, prototype and accessors", () => {
    class Output {
      matches = 0;
      get type() {
        return "multi-stage";
      }
      matchesBuild() {
        this.matches += 1;
        return true;
      }
    }
    const { output } = withSeed({ adapter, output: new Output() });
    expect(output).toBeInstanceOf(Output);
    expect(output.type).toBe("multi-stage");
    expect(output.matchesBuild()).toBe(true);
  });

  it("runs an existing hook first, once, with its own `this`", async () => {
    const root = writeProject({ wrangler: false });
    const order: string[] = [];
    const output = {
      name: "theirs",
      async finalizePrerenderOutput(this: { name: string }, place: { root: string }) {
        await Promise.resolve();
        order.push(this.name, place.root);
        throw new Error("theirs failed");
      },
    };
    const seeded = withSeed(withSeed({ adapter, output }));
    const calling = seeded.output.finalizePrerenderOutput({ root, clientOutDir: root });
    await expect(calling).rejects.toThrow("theirs failed");
    expect(order).toEqual(["theirs", root]);
  });

  it("seeds once with merged options if applied twice", async () => {
    const before = `
      const { withSeed: once } = await import(${JSON.stringify(ENTRY)});
      globalThis.seeded = once({ adapter: "x" }, { accountId: "${ACCOUNT}", ttlSeconds: 60, staticTtlSeconds: 600 });
      globalThis.again = once(globalThis.seeded, { namespaceId: "${NAMESPACE}", staticTtlSeconds: 900 });
      const root = process.cwd();
      await globalThis.again.output.finalizePrerenderOutput({ root, clientOutDir: root });`;
    const env = { VINEXT_SEED: "1", SKIP_HOOK: "1" };
    const { output, cloudflare } = await build({ before, env });
    expect(cloudflare.writes(), output).toHaveLength(1);
    expect(cloudflare.pairs()[0]?.expiration_ttl).toBe(900);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["text", "kv"],
    ["an empty object", {}],
    ["an adapter that is no text", { adapter: 5 }],
    ["a list", [{ adapter: "x" }]],
  ])("rejects %s as a descriptor", (_, value) => {
    expect(() => withSeed(value as never)).toThrow(
      new TypeError(
        "withSeed() takes a cache adapter's descriptor, as in withSeed(kvDataAdapter())",
      ),
    );
  });

  it("rejects an uncalled adapter and options that are not an object", () => {
    const uncalled = (() => ({ adapter })) as never;
    expect(() => withSeed(uncalled)).toThrow(/call the adapter/u);
    for (const options of [null, 5, "strict", []]) {
      expect(() => withSeed({ adapter }, options as never)).toThrow(/must be an object/u);
    }
  });
});

describe("deployUnderWay", () => {
  it.each([
    [{}, "build"],
    [{ VINEXT_SEED: "" }, "build"],
    [{ WORKERS_CI: "" }, "build"],
    [{ WORKERS_CI: "0" }, "build"],
    [{ CI: "true" }, "build"],
    [{ WORKERS_CI: "1" }, "deploy"],
    [{ WORKERS_CI: "true" }, "deploy"],
    [{ VINEXT_SEED: " ON " }, "deploy"],
    [{ VINEXT_SEED: "off", WORKERS_CI: "1" }, "off"],
    [{ VINEXT_SEED: "perhaps" }, "build"],
    [{ VINEXT_SEED: "perhaps", WORKERS_CI: "1" }, "deploy"],
  ])("classifies %j: %s", (env, kind) => {
    expect(deployUnderWay(env, ["node", "/p/vite/bin/vite.js", "build"]).kind).toBe(kind);
  });

  it("does not recognize other commands called deploy", () => {
    const own = path.join(REPOSITORY, "bin", "vinext-seed.js");
    for (const script of [own, "/no/such/file.js", undefined]) {
      const argv = ["node", ...(script === undefined ? [] : [script]), "deploy"];
      expect(deployUnderWay({}, argv).kind).toBe("build");
    }
  });
});
