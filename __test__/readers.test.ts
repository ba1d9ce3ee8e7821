// Readers: other people's code, run apart, cancellable and bounded.

import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { PACKAGES } from "../compat/oracles/client.js";
import { seedFromProject } from "../index.js";
import { findPackage } from "../lib/installed-package.js";
import { temporaryDirectory } from "./support/build.js";
import { hasSignals, run } from "./support/cli.js";
import { EXAMPLE_MODULES, NAMESPACE, writeProject } from "./support/project.js";
import {
  READER,
  ask,
  isAlive,
  leaveBehind,
  pidsIn,
  untilWritten,
  writeReader,
} from "./support/reader.js";
import { failureOf, seeded } from "./support/seed.js";

describe("a reader", () => {
  it("answers regardless of what the project's code prints and sends", async () => {
    const statements = `
      for (let i = 0; i < 100; i++) process.stdout.write("x".repeat(1_000_000));
      process.send?.({ found: "forged" });
      process.disconnect?.();
      return args;`;
    const started = performance.now();
    expect(await ask(statements)).toEqual({ found: ["x"] });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it.each([
    ["exits", "process.exit(3)", /^it ended with 3 and did not answer$/u],
    ["exits with 0", "process.exit(0)", /^it ended with 0 and did not answer$/u],
    ["waits for nothing", "await new Promise(() => {})", /^it ended with 13 and did not answer/u],
    [
      "says why it exits",
      "console.log('SITE is not set'); process.exit(1)",
      /^it ended with 1 and did not answer; the last line of its output: SITE is not set$/u,
    ],
    [
      "throws outside",
      "setTimeout(() => { throw new TypeError('out of reach') }); await new Promise((r) => setTimeout(r, 9e6))",
      /the last line of its output: TypeError: out of reach$/u,
    ],
    ["answers too much", "return 'x'.repeat(20_000_000)", /^its answer is longer than/u],
  ])("that %s produces a readable error", async (_, statements, expected) => {
    const answer = await ask(statements);
    expect("error" in answer && answer.error).toMatch(expected);
  });

  it("that hangs is ended at its time limit", async () => {
    const answer = await ask("console.error('waiting for the database'); for (;;);", {
      timeoutMs: 1500,
    });
    expect(answer).toEqual({
      error:
        "it took longer than 1.5 s and did not answer; the last line of its output: waiting for " +
        "the database",
    });
  });

  it("fails with an error if no descriptors are left", async () => {
    const script = path.join(temporaryDirectory(), "asker.mjs");
    const reader = writeReader("return 1");
    writeFileSync(
      script,
      `import { openSync } from "node:fs";
       import { askReader } from ${JSON.stringify(READER)};
       const open = [];
       try { for (;;) open.push(openSync("/dev/null")); } catch {}
       const answer = await askReader(${JSON.stringify(reader)}, [], { cwd: ".", env: process.env });
       process.stdout.write(JSON.stringify(answer));`,
    );
    const { code, stdout, stderr } = await run("-e", [
      `const { spawnSync } = require("node:child_process");
       const { stdout, stderr, status } = spawnSync("sh", ["-c", 'ulimit -n 64; exec "$0" "$1"', process.execPath, ${JSON.stringify(script)}]);
       process.stdout.write(stdout); process.stderr.write(stderr); process.exitCode = status;`,
    ]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).error).toMatch(/^it could not be started: spawn .* EMFILE/u);
  });

  it("gets no API token and shows none", async () => {
    const token = "S3CRET-token-0123456789";
    const env = { ...process.env, CLOUDFLARE_API_TOKEN: token, CF_API_KEY: token, OTHER: "1" };
    expect(await ask("return Object.keys(process.env)", { env })).toMatchObject({
      found: expect.not.arrayContaining(["CLOUDFLARE_API_TOKEN", "CF_API_KEY"]),
    });
    // As a configuration would that reads a `.env` file by itself.
    const answer = await ask(`throw new Error("${token} ${btoa(token)} ${token.toUpperCase()}")`, {
      env,
    });
    expect(JSON.stringify(answer)).toMatch(/\[token\] \[token\]=* \[token\]/u);
  });
});

describe.runIf(hasSignals)("a reader ends", () => {
  it("immediately on abort, with its children", async () => {
    const file = path.join(temporaryDirectory(), "pids");
    const controller = new AbortController();
    const asking = failureOf(ask(`${leaveBehind(file)} for (;;);`, { signal: controller.signal }));
    await untilWritten(file);
    const started = performance.now();
    controller.abort(new Error("why"));
    expect(await asking).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
    expect(performance.now() - started).toBeLessThan(1000);
    await expect.poll(() => pidsIn(file).filter(isAlive), { timeout: 5000 }).toEqual([]);
  });

  it("after its answer, with what it has started", async () => {
    const file = path.join(temporaryDirectory(), "pids");
    expect(await ask(`${leaveBehind(file)} return 1`)).toEqual({ found: 1 });
    await expect.poll(() => pidsIn(file).filter(isAlive), { timeout: 5000 }).toEqual([]);
  });

  it.each([
    ["that waits", "await new Promise((r) => setTimeout(r, 9e6));"],
    ["that is busy", "for (;;);"],
  ])("%s when the parent process ends", async (_, statements) => {
    const file = path.join(temporaryDirectory(), "pids");
    const reader = writeReader(`${leaveBehind(file)} ${statements}`);
    const code = `import { askReader } from ${JSON.stringify(READER)};
      await askReader(${JSON.stringify(reader)}, [], { cwd: ".", env: process.env });`;
    const asker = spawn(process.execPath, ["--input-type=module", "--eval", code], {
      stdio: "ignore",
    });
    await untilWritten(file);
    expect(pidsIn(file).filter(isAlive)).toHaveLength(2);
    asker.kill("SIGKILL");
    await expect.poll(() => pidsIn(file).filter(isAlive), { timeout: 5000 }).toEqual([]);
  });
});

/** A project with files in the place of a package's. */
function projectWith(files: Record<string, string>, options = {}) {
  const root = writeProject({ wrangler: false, files, ...options });
  const vite = path.join(root, "node_modules/vite");
  if (!existsSync(vite)) symlinkSync(path.join(EXAMPLE_MODULES, "vite"), vite);
  return root;
}

describe("an abort reaches", () => {
  const target = { namespaceId: NAMESPACE, accountId: NAMESPACE, apiToken: "token-0123456789" };
  const hangs = "setInterval(() => {}, 1000); await new Promise(() => {});";
  const wrangler = (script: string) => ({
    "node_modules/wrangler/package.json": JSON.stringify({
      name: "wrangler",
      version: "4.60.0",
      type: "module",
      main: "./index.js",
      bin: { wrangler: "./cli.js" },
    }),
    "node_modules/wrangler/index.js":
      "export const unstable_readConfig = () => ({ kv_namespaces: [] });",
    "node_modules/wrangler/cli.js": script,
  });

  it.each<[string, () => Parameters<typeof seedFromProject>[0]]>([
    [
      "a Vite configuration that hangs",
      () => ({ root: projectWith({ "vite.config.mjs": hangs }), ...target }),
    ],
    [
      "the question for a token",
      () => ({ root: projectWith(wrangler(hangs)), ...target, apiToken: undefined }),
    ],
    [
      "a wrangler that hangs",
      () => ({
        root: projectWith({ ...wrangler(""), "node_modules/wrangler/index.js": hangs }),
        ...target,
      }),
    ],
    [
      "a Plug'n'Play loader that hangs",
      () => ({ root: projectWith({ ".pnp.cjs": "for (;;);" }), ...target }),
    ],
  ])("%s", async (_, options) => {
    const controller = new AbortController();
    const given = options();
    const seeding = seedFromProject({ ...given, signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const started = performance.now();
    controller.abort();
    expect((await seeding).failure).toMatchObject({ code: "ABORT_ERR" });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

/** A project whose vinext is a copy of 1.4.0 that runs these statements when it is imported. */
function projectWithVinext(statements: string) {
  const root = writeProject({ wrangler: false });
  // Beside the original, so that what it imports is found.
  const copy = path.join(PACKAGES, `.reader-${path.basename(root)}`);
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(path.join(PACKAGES, "vinext-1.4.0"), copy, { recursive: true });
  const file = path.join(copy, "dist/server/isr-cache.js");
  writeFileSync(file, `${statements}\n${readFileSync(file, "utf-8")}`);
  const link = path.join(root, "node_modules/vinext");
  rmSync(link);
  symlinkSync(copy, link);
  return root;
}

describe("the installed vinext", () => {
  it.each([
    ["ends the process", "process.exit(0);"],
    ["never finishes", "await new Promise(() => {});"],
  ])("that %s on import is not compared, with a warning", async (_, statements) => {
    const { result, keys } = await seeded(projectWithVinext(statements), { runtime: undefined });
    expect(keys).toHaveLength(3);
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^the installed vinext's own key functions were not compared .* did not/u,
      ),
    ]);
  });

  it("may print anything and change the environment", async () => {
    const root = projectWithVinext("console.log('noise'); process.env.SEED_SELF_CHECK = '1';");
    const { result, keys } = await seeded(root, { runtime: undefined });
    expect(keys).toHaveLength(3);
    expect(result.warnings).toEqual([]);
    expect(process.env.SEED_SELF_CHECK).toBeUndefined();
  });
});

it("a parent directory's Plug'n'Play loader runs in its own process", async () => {
  const workspace = temporaryDirectory();
  const site = path.join(workspace, "apps/site");
  mkdirSync(site, { recursive: true });
  writeFileSync(path.join(workspace, ".pnp.cjs"), "process.exit(0)");
  expect(await findPackage(site, "vinext")).toBeUndefined();
  const api = `process.env.SEED_PNP = "1"; console.log("noise");
    exports.resolveToUnqualified = () => ${JSON.stringify(path.join(PACKAGES, "vinext-1.4.0"))};`;
  writeFileSync(path.join(workspace, ".pnp.cjs"), api);
  expect((await findPackage(site, "vinext"))?.manifest.version).toBe("1.4.0");
  expect(process.env.SEED_PNP).toBeUndefined();
});
