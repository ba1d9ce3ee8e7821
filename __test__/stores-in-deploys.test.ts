// Stores other than Workers KV in `vinext-seed deploy` and in `withSeed`: when they are filled, and what a deploy
// makes of one that cannot be. The tools of the project are recorders.

import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "./support/build.js";
import { cli, run } from "./support/cli.js";
import { EXAMPLE_MODULES, writeProject } from "./support/project.js";
import { freePort, hasRedis, startRedis } from "./support/redis.js";

const ENTRY = new URL("../lib/vite/with-seed.js", import.meta.url).href;

/** Writes down how it was called, and how many entries the directory `out` has by then. */
const RECORDER = `
  const { appendFileSync, existsSync, readdirSync } = require("node:fs");
  const isThere = existsSync("out");
  const names = isThere ? readdirSync("out", { recursive: true }) : [];
  const entries = names.filter((name) => String(name).endsWith(".value")).length;
  const call = { tool: __dirname.split("/").at(-1), entries };
  if (!process.argv.includes("--help")) appendFileSync("calls.jsonl", JSON.stringify(call) + "\\n");
`;

/** A site whose built code reads something else than KV: three entries. */
function site(data?: object) {
  const tools = ["vite", "wrangler"].flatMap((name) => [
    [`node_modules/${name}/package.json`, { name, version: "9.9.9", bin: "cli.cjs" }],
    [`node_modules/${name}/cli.cjs`, RECORDER],
  ]);
  const files = Object.fromEntries(tools);
  if (data !== undefined) {
    const plugin = `{ name: "vinext", __vinextCacheConfig: ${JSON.stringify({ data })} }`;
    files["vite.config.mjs"] = `export default { plugins: [${plugin}] };`;
    const vite = JSON.stringify(path.join(EXAMPLE_MODULES, "vite", "dist", "node", "index.js"));
    files["node_modules/vite/index.mjs"] = `export * from ${vite};`;
    const exports = { ".": "./index.mjs", "./package.json": "./package.json" };
    const described = { name: "vite", version: "9.9.9", bin: "cli.cjs", exports };
    files["node_modules/vite/package.json"] = described;
  }
  return writeProject({ wrangler: false, worker: { isOther: true }, files });
}

async function deploy(args: string[], env: Record<string, string | undefined> = {}, data?: object) {
  const root = site(data);
  const place = { cwd: root, env: { HOME: temporaryDirectory(), REDIS_URL: undefined, ...env } };
  const ended = await cli(["deploy", "--json", ...args], place);
  const file = path.join(root, "calls.jsonl");
  const lines = existsSync(file) ? readFileSync(file, "utf-8").trim().split("\n") : [];
  const calls = lines.map((line) => JSON.parse(line));
  return { ...ended, root, calls, document: JSON.parse(ended.stdout) };
}

const BUILT = { tool: "vite", entries: 0 };

describe("vinext-seed deploy --to", () => {
  it("fills the store after the build and before the deploy", async () => {
    const { code, calls, document, root } = await deploy(["--to", "dir:out"]);
    expect(calls).toEqual([BUILT, { tool: "wrangler", entries: 3 }]);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      deployExitCode: 0,
      seed: { kvPairsUploaded: 3, target: { store: `dir:${path.join(root, "out")}` } },
    });
  });

  it("plans for the store with --dry-run, and writes nothing", async () => {
    const { calls, document } = await deploy(["--to", "dir:out", "--", "--dry-run"]);
    expect(calls).toEqual([BUILT, { tool: "wrangler", entries: 0 }]);
    expect(document).toMatchObject({
      plan: { kvPairs: 3, target: { store: expect.stringMatching(/out$/u) } },
    });
  });

  it("does not touch the store with --no-seed-cache", async () => {
    const { calls, document } = await deploy(["--to", "dir:out", "--no-seed-cache"]);
    expect(calls).toEqual([BUILT, { tool: "wrangler", entries: 0 }]);
    expect(document.seed).toBeNull();
  });

  it("continues if the store cannot be reached, unless strict", async () => {
    const to = ["--to", `redis://:hunter22@127.0.0.1:${await freePort()}`];
    const { code, calls, document, stderr } = await deploy(to);
    expect(code).toBe(0);
    expect(calls).toHaveLength(2);
    const { failure, ...report } = document.seed;
    expect(failure.code).toBe("NETWORK_ERROR");
    expect(report).toMatchObject({ kvPairsPlanned: 3, kvPairsUploaded: 0, kvPairsNotStored: 3 });
    expect(stderr).toContain("seeding failed (NETWORK_ERROR)");

    const strict = await deploy([...to, "--strict"]);
    expect(strict.code).toBe(1);
    expect(strict.calls).toEqual([BUILT]);
    expect(strict.document.failure.code).toBe("NETWORK_ERROR");
    expect(JSON.stringify([stderr, document, strict])).not.toContain("hunter22@");
  });
});

describe("vinext-seed deploy --verify", () => {
  const data = { adapter: "/p/frontend-frameworks/dist/vinext/cache/redis-runtime.js" };

  it("verifies the store that --to names", async () => {
    const { code, document } = await deploy(["--to", "dir:out", "--verify", "--strict"]);
    expect(document.verify).toMatchObject({ isSound: true, stored: { checked: 3, same: 3 } });
    expect(code).toBe(0);
  });

  it.skipIf(!hasRedis)("verifies the store that the built site reads without --to", async () => {
    const { client, url } = await startRedis();
    const env = { REDIS_URL: url };
    const { code, document, stderr } = await deploy(["--verify", "--strict"], env, data);
    expect(document, stderr).toMatchObject({
      seed: { kvPairsUploaded: 3, target: { store: url } },
      verify: { isSound: true, stored: { checked: 3, same: 3 } },
    });
    expect(code).toBe(0);
    expect(await client.dbsize()).toBe(3);

    await client.flushall();
    const unseeded = ["--verify", "--strict", "--no-seed-cache"];
    const missing = await deploy(unseeded, env, data);
    expect(missing.document.verify).toMatchObject({ isSound: false, stored: { missing: 3 } });
    expect(missing.code).toBe(1);
  });
});

interface Build {
  descriptor: object;
  options?: object;
  env?: Record<string, string | undefined>;
}

/** Does what vinext does with a configuration: wrap, pre-render, call the hook. */
async function build({ descriptor, options = {}, env }: Build) {
  const root = site();
  const script = path.join(temporaryDirectory(), "build.mjs");
  const given = [descriptor, options].map((value) => JSON.stringify(value)).join(", ");
  writeFileSync(
    script,
    `const { withSeed } = await import(${JSON.stringify(ENTRY)});
     const { output } = withSeed(${given.replaceAll("<root>", root)});
     await output.finalizePrerenderOutput({ root: ${JSON.stringify(root)}, clientOutDir: "dist" });
     console.log("build continues");`,
  );
  const own = { WORKERS_CI: undefined, VINEXT_SEED: "1", REDIS_URL: undefined, ...env };
  const { code, stdout, stderr } = await run(script, ["build"], { cwd: root, env: own });
  return { code, output: stdout + stderr, root };
}

const KV = { adapter: "/p/@vinext/cloudflare/dist/cache/kv-data-adapter.runtime.js" };
const REDIS = { adapter: "/p/frontend-frameworks/dist/vinext/cache/redis-runtime.js" };

const filesIn = (root: string) =>
  (readdirSync(path.join(root, "out"), { recursive: true }) as string[]).filter((name) =>
    name.endsWith(".value"),
  );

describe("withSeed", () => {
  it("fills the store in its options", async () => {
    const options = { store: { type: "dir", path: "out" } };
    const { code, output, root } = await build({ descriptor: KV, options });
    expect(code, output).toBe(0);
    expect(output).toContain(`Seeded 2 pages into dir:${path.join(root, "out")}`);
    expect(filesIn(root)).toHaveLength(3);
  });

  it("plans for it outside a deploy", async () => {
    const options = { store: "dir:out" };
    const { output, root } = await build({
      descriptor: KV,
      options,
      env: { VINEXT_SEED: undefined },
    });
    const where = `dir:${path.join(root, "out")}`;
    expect(output).toContain(`${where}: a deploy would seed 2 pages, 3 entries`);
    expect(existsSync(path.join(root, "out"))).toBe(false);
  });

  it("warns and continues if it cannot be reached, and fails with strict", async () => {
    const store = `redis://:hunter22@127.0.0.1:${await freePort()}`;
    const retry = { attempts: 1 };
    const { code, output } = await build({ descriptor: KV, options: { store, retry } });
    expect(code, output).toBe(0);
    expect(output).toMatch(/warning:.* seeding failed \(NETWORK_ERROR\)/u);
    expect(output).toContain("build continues");
    const strict = await build({ descriptor: KV, options: { store, retry, strict: true } });
    expect(strict.code).toBe(1);
    expect(strict.output).not.toContain("build continues");
    expect(output).not.toContain("hunter22");
  });

  it.skipIf(!hasRedis)("fills the store of a known adapter without an option", async () => {
    const { client, url } = await startRedis();
    const { code, output } = await build({ descriptor: REDIS, env: { REDIS_URL: url } });
    expect(code, output).toBe(0);
    expect(output).toContain(`Seeded 2 pages into ${url}`);
    expect(await client.dbsize()).toBe(3);

    const missing = await build({ descriptor: REDIS });
    expect(missing.code, missing.output).toBe(0);
    expect(missing.output).toMatch(/warning:.*REDIS_URL/u);
  });

  it("stores pages through the adapter that it wraps", async () => {
    const directory = temporaryDirectory();
    symlinkSync(path.join(EXAMPLE_MODULES), path.join(directory, "node_modules"));
    const adapter = path.join(directory, "adapter.mjs");
    const file = path.join(directory, "keys");
    writeFileSync(
      adapter,
      `import { appendFileSync } from "node:fs";
       export default ({ options }) => ({ set(key) { appendFileSync(options.file, key + "\\n"); } });`,
    );
    const root = site();
    // Vite is the example's.
    const script = path.join(temporaryDirectory(), "build.mjs");
    const descriptor = JSON.stringify({ adapter, options: { file } });
    writeFileSync(
      path.join(root, "node_modules", "vite", "package.json"),
      JSON.stringify({
        name: "vite",
        version: "9.9.9",
        type: "module",
        exports: "./index.js",
      }),
    );
    const vite = JSON.stringify(path.join(EXAMPLE_MODULES, "vite", "dist", "node", "index.js"));
    writeFileSync(path.join(root, "node_modules", "vite", "index.js"), `export * from ${vite};`);
    writeFileSync(
      script,
      `const { withSeed } = await import(${JSON.stringify(ENTRY)});
       const { output } = withSeed(${descriptor}, { store: "handler" });
       await output.finalizePrerenderOutput({ root: ${JSON.stringify(root)}, clientOutDir: "dist" });`,
    );
    const { code, stdout, stderr } = await run(script, ["build"], {
      cwd: root,
      env: { VINEXT_SEED: "1" },
    });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout + stderr).toContain(`Seeded 2 pages into handler ${adapter}`);
    expect(readFileSync(file, "utf-8").trim().split("\n")).toHaveLength(3);
  });
});
