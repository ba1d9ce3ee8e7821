// What `vinext-seed deploy` makes of the arguments that it passes on to wrangler. The tools of the project
// are recorders; real ones are in __test__/deploy/.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readDeployArguments } from "../lib/cli/deploy-arguments.js";
import { cli, type CliProcess } from "./support/cli.js";
import { ACCOUNT, startCloudflare, type CloudflareOptions } from "./support/cloudflare.js";
import { temporaryDirectory } from "./support/build.js";
import { NAMESPACE, writeProject } from "./support/project.js";

const FLAGS = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT];

/** Writes down how it was called, and prints something. */
const RECORDER = `
  const { appendFileSync } = require("node:fs");
  const { argv, env } = process;
  const call = { tool: __dirname.split("/").at(-1), args: argv.slice(2), env: env.CLOUDFLARE_ENV };
  if (!argv.includes("--help")) appendFileSync("calls.jsonl", JSON.stringify(call) + "\\n");
  process.stdout.write("a line of output\\n".repeat(1000));
  process.stderr.write("a line of errors\\n".repeat(1000));
`;

const recorders = (names: string[]) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`node_modules/${name}/package.json`, { name, version: "9.9.9", bin: "cli.cjs" }],
      [`node_modules/${name}/cli.cjs`, RECORDER],
    ]),
  );

async function deploy(
  args: string[],
  { files = recorders(["vite", "wrangler"]), api = {}, ...how }: DeployTest = {},
) {
  const root = writeProject({ wrangler: false, files });
  const cloudflare = await startCloudflare(api);
  const env = { ...cloudflare.env, HOME: temporaryDirectory(), ...how.env };
  const ended = await cli(["deploy", ...args], { cwd: root, ...how, env });
  const file = path.join(root, "calls.jsonl");
  const lines = existsSync(file) ? readFileSync(file, "utf-8").trim().split("\n") : [];
  return { ...ended, root, cloudflare, calls: lines.map((line) => JSON.parse(line)) };
}

interface DeployTest extends CliProcess {
  files?: Record<string, string | object>;
  api?: CloudflareOptions;
}

describe("arguments after --", () => {
  const read = (...args: string[]) => readDeployArguments(args, "/shop");

  it.each([
    [["--env", "staging"], { env: "staging" }],
    [["--env=staging"], { env: "staging" }],
    [["-e", "staging"], { env: "staging" }],
    [["-e=staging"], { env: "staging" }],
    [["--env", ""], { env: "" }],
    [["-c", "other.json"], { config: path.resolve("/shop/other.json") }],
    [["--name", "007"], { workerName: "007" }],
    [["--dispatch-namespace", "customers"], { dispatchNamespace: "customers" }],
    [["--dispatchNamespace=customers"], { dispatchNamespace: "customers" }],
    [["--profile", "work"], { profile: "work" }],
    [["--env-file", "a", "b"], { envFiles: [path.resolve("/shop/a"), path.resolve("/shop/b")] }],
    [["--dry-run"], { dryRun: true }],
    [["--dryRun"], { dryRun: true }],
    [["--dry-run=false"], {}],
    [["--dry-run", "false"], {}],
    [["--no-dry-run"], {}],
    [["--var", "A:b", "C:d", "--tag", "1", "--message", "two words", "--no-bundle"], {}],
    [["--route", "a.example/*", "--triggers", "0 0 * * *", "--x-provision=false"], {}],
  ])("%j are adopted or passed through", (args, adopted) => {
    expect(read(...args)).toEqual({ dryRun: false, ...adopted });
  });

  it.each([
    [["--cwd", "apps/shop"], "project's directory"],
    [["other.js"], 'the path "other.js"'],
    [["--dry-run", "other.js"], 'the path "other.js"'],
    [["--script", "other.js"], "something other than the build"],
    [["--x-new-config"], "something other than the Vite build"],
    [["--temporary"], "temporary account"],
    [["--legacy-env=true"], "service environments"],
    [["--help"], "wrangler deploy --help"],
    [["-h"], "wrangler deploy --help"],
    [["-v"], "wrangler --version"],
    [["--env"], "Not enough arguments following: env"],
    [["--env", "--dry-run"], "Not enough arguments following: env"],
    [["--config="], "--config has no value"],
    [["-ex"], "no argument -x"],
    [["--env", "a", "-e", "b"], "--env is passed more than once"],
  ])("%j are rejected", (args, message) => {
    expect(read(...args)).toMatchObject({ problem: expect.stringContaining(message) });
  });
});

describe("deploy", () => {
  it("plans with --dry-run, and writes nothing", async () => {
    const { code, stdout, calls, cloudflare } = await deploy([
      ...FLAGS,
      "--json",
      "--",
      "--dry-run",
    ]);
    expect(code).toBe(0);
    expect(cloudflare.writes()).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({ plan: { kvPairs: 3 }, deployExitCode: 0 });
    expect(calls.map(({ tool, args }) => [tool, ...args])).toEqual([
      ["vite", "build"],
      ["wrangler", "deploy", "--dry-run"],
    ]);
  });

  it("builds for the passed environment, and passes it once", async () => {
    for (const args of [
      ["--", "-e", "staging"],
      ["-e", "staging"],
      ["-e", "staging", "--", "-e=staging"],
    ]) {
      const { calls } = await deploy([...FLAGS, ...args]);
      expect(calls.map(({ env }) => env)).toEqual(["staging", "staging"]);
      expect(calls[1].args.join(" ")).toMatch(/^deploy (?:--env staging|-e staging|-e=staging)$/u);
    }
  });

  it("exits with 2 before the build if an argument is rejected", async () => {
    for (const args of [
      ["-e", "a", "--", "-e", "b"],
      ["--", "--cwd", "x"],
      ["--", "./other.js"],
    ]) {
      const { code, stderr, calls, cloudflare } = await deploy([...FLAGS, ...args]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/pass it only once|cannot be passed/u);
      expect(calls).toEqual([]);
      expect(cloudflare.calls).toEqual([]);
    }
  });

  it("finds the namespace of a Worker deployed under another name", async () => {
    const worker = { name: "shop", env: { VINEXT_KV_CACHE: { type: "kv" } } };
    const output = ".cloudflare/output/v0";
    const files = {
      ...recorders(["vite", "cf"]),
      [`${output}/config.json`]: { accountId: ACCOUNT, buildContext: { mode: "production" } },
      [`${output}/workers/default/worker.config.json`]: worker,
    };
    const workers = { other: { VINEXT_KV_CACHE: NAMESPACE } };
    const { code, stderr, calls, cloudflare } = await deploy(["--name", "other"], {
      files,
      api: { workers },
    });
    expect(code, stderr).toBe(0);
    expect(cloudflare.writes()).toHaveLength(1);
    expect(calls[1]).toMatchObject({
      tool: "cf",
      args: ["deploy", "--prebuilt", "--name", "other"],
    });
  });
});

describe("the build", () => {
  const packageOf = (name: string, bin?: object) => ({
    [`node_modules/${name}/package.json`]: { name, version: "9.9.9", bin },
    [`node_modules/${name}/cli.cjs`]: RECORDER,
  });

  it("uses Vite+ if vite has no command", async () => {
    const vitePlus = packageOf("vite-plus", { vp: "cli.cjs" });
    const files = { ...recorders(["wrangler"]), ...packageOf("vite"), ...vitePlus };
    const { calls } = await deploy(FLAGS, { files });
    expect(calls[0]).toMatchObject({ tool: "vite-plus", args: ["build"] });
  });

  it.runIf(Number.parseInt(process.versions.node, 10) >= 22)(
    "uses the project's script if nothing else is installed",
    async () => {
      const scripts = { "build:vinext": "node node_modules/own/cli.cjs" };
      const files = {
        ...recorders(["wrangler", "own"]),
        "package.json": { name: "shop", scripts },
      };
      const { calls } = await deploy(FLAGS, { files });
      expect(calls[0]).toMatchObject({ tool: "own", args: [] });
    },
  );
});
describe.skipIf(!existsSync("/dev/full"))("an output that cannot be written", () => {
  it.each([
    ["standard output", { stdout: "/dev/full" }],
    ["standard error", { stderr: "/dev/full" }],
    ["both", { stdout: "/dev/full", stderr: "/dev/full" }],
  ])("does not stop a deploy: %s", async (_, output) => {
    const { calls, cloudflare, code } = await deploy(FLAGS, { output });
    expect(cloudflare.writes()).toHaveLength(1);
    expect(calls.map(({ tool }) => tool)).toEqual(["vite", "wrangler"]);
    expect(code).toBe(0);
  });
});
