// The command in a process of its own: what it prints where, and how it ends.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../lib/cli/child.js";
import { loadCommand } from "../lib/cli/export.js";
import { size, time, usd } from "../lib/cli/format.js";
import { createPrinter } from "../lib/cli/printer.js";
import { progressView } from "../lib/cli/progress-bar.js";
import { stepSummary } from "../lib/cli/step-summary.js";
import { NOTHING_DONE } from "../lib/seed-from-project.js";
import { rendered, temporaryDirectory } from "./support/build.js";
import { cli, hasSignals, type CliProcess } from "./support/cli.js";
import { ACCOUNT, API_TOKEN, startCloudflare, type CloudflareOptions } from "./support/cloudflare.js";
import { NAMESPACE, wranglerConfig, writeProject, type ProjectFiles } from "./support/project.js";

const FLAGS = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT];
/** Nothing to ask wrangler for, which is slow. */
const PLAIN: ProjectFiles = { wrangler: false };

/** Runs the command on a project against a loopback API. */
async function start(args: string[], root: string, api: CloudflareOptions = {}, how: CliProcess = {}) {
  const cloudflare = await startCloudflare(api);
  const env = { ...cloudflare.env, HOME: temporaryDirectory(), ...how.env };
  const ended = await cli(args, { cwd: root, ...how, env });
  expect(ended.stdout + ended.stderr).not.toContain(API_TOKEN);
  return { ...ended, cloudflare };
}

/** Pages of a size of which a request takes a few. */
function largePages(count: number) {
  const routes = Array.from({ length: count }, (_, index) => rendered(`/p${index}`));
  const content = "x".repeat(1_600_000);
  const artefacts = Object.fromEntries(routes.map(({ route }) => [`${route.slice(1)}.html`, content]));
  return writeProject({ ...PLAIN, routes, artefacts });
}

describe("run", () => {
  it("is the default, and prints one summary", async () => {
    const routes = [rendered("/a"), rendered("/b"), rendered("/lost"), rendered("/gone")];
    const root = writeProject({ ...PLAIN, routes });
    const { code, stdout, stderr, cloudflare } = await start(FLAGS, root);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(cloudflare.pairs()).toHaveLength(3);
    expect(stdout).toMatch(
      new RegExp(
        `^Seeded 2 pages into ${NAMESPACE} in account ${ACCOUNT}\n` +
          " +entries +3\n +bytes +[\\d.]+ k?B\n +time +.+\n +skipped +2: .*\\(/lost, …\\)\n$",
        "u",
      ),
    );
  });

  it("finds everything through the project's wrangler", async () => {
    const root = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    const { code, stdout, cloudflare } = await start(["run", root], temporaryDirectory());
    expect(code).toBe(0);
    expect(stdout).toContain(`VINEXT_KV_CACHE (${NAMESPACE}) in account ${ACCOUNT}`);
    expect(cloudflare.writes()).toEqual([
      { what: "kv", path: `/accounts/${ACCOUNT}/storage/kv/namespaces/${NAMESPACE}/bulk` },
    ]);
  });

  it("passes the prefix and the times on", async () => {
    const routes = [rendered("/a", { revalidate: 60 }), rendered("/b")];
    const root = writeProject({ ...PLAIN, routes });
    const more = ["--app-prefix", "shop", "--ttl", "90", "--static-ttl", "3600"];
    const { cloudflare } = await start([...FLAGS, ...more], root);
    const [a, , b] = cloudflare.pairs();
    expect(a).toMatchObject({ key: expect.stringMatching(/^shop:cache:/u), expiration_ttl: 90 });
    expect(b?.expiration_ttl).toBe(3600);
  });

  it("names every route that is left out with --verbose", async () => {
    const root = writeProject({ ...PLAIN, routes: [rendered("/a"), rendered("/lost"), rendered("/gone")] });
    const { stdout } = await start([...FLAGS, "--verbose"], root);
    expect(stdout).toMatch(/^ {2}\/lost: .+\n {2}\/gone: .+$/mu);
  });

  it("prints nothing with --quiet", async () => {
    const { code, stdout, stderr } = await start([...FLAGS, "-q"], writeProject(PLAIN));
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("prints nothing but JSON on standard output with --json", async () => {
    const { stdout, stderr } = await start([...FLAGS, "--json"], writeProject(PLAIN));
    expect(JSON.parse(stdout)).toMatchObject({
      seededRoutes: 2,
      kvPairsUploaded: 3,
      target: { accountId: ACCOUNT, namespaceId: NAMESPACE },
    });
    expect(stderr).toBe("");
    const failed = await start([...FLAGS, "--json"], writeProject(PLAIN), { tokens: ["other"] });
    expect(JSON.parse(failed.stdout)).toMatchObject({
      failure: { code: "KV_UNAUTHORIZED" },
      kvPairsNotStored: 3,
    });
  });

  it("lets a deploy go on where it fails, unless it is strict", async () => {
    const refusing = { tokens: ["other"] };
    const root = writeProject(PLAIN);
    const warned = await start(FLAGS, root, refusing);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(/^warning: the seeding failed \(KV_UNAUTHORIZED\): /u);
    expect(warned.stdout).toBe("");
    expect((await start([...FLAGS, "--strict"], root, refusing)).code).toBe(1);
  });

  it("says what is missing, and what to set", async () => {
    const env = { CLOUDFLARE_API_TOKEN: undefined };
    const root = writeProject(PLAIN);
    const warned = await start(FLAGS, root, {}, { env });
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(/nothing is seeded \(no-api-token\).*CLOUDFLARE_API_TOKEN/u);
    expect((await start([...FLAGS, "--strict"], root, {}, { env })).code).toBe(1);
  });

  it("says what makes the build pre-render where it did not", async () => {
    const root = temporaryDirectory();
    writeFileSync(path.join(root, "package.json"), "{}");
    const { code, stderr } = await start(FLAGS, root);
    expect(code).toBe(0);
    expect(stderr).toMatch(/\(no-manifest\).*prerender: \{ routes: "\*" \}.*vite build/u);
  });

  it("does not seed the build of another project", async () => {
    const root = writeProject(PLAIN);
    writeFileSync(path.join(root, "dist/server/BUILD_ID"), "another-build");
    const { stderr, cloudflare } = await start(FLAGS, root);
    expect(stderr).toContain("(other-build)");
    expect(cloudflare.calls).toEqual([]);
  });

  it("writes a step summary for GitHub Actions", async () => {
    const file = path.join(temporaryDirectory(), "summary.md");
    writeFileSync(file, "before\n");
    await start(FLAGS, writeProject(PLAIN), {}, { env: { GITHUB_STEP_SUMMARY: file } });
    const summary = readFileSync(file, "utf-8");
    expect(summary).toMatch(/^before\n### vinext-seed\n\n\| \| \|\n\| --- \| --- \|\n/u);
    expect(summary).toContain("| pages | 2 |\n| entries | 3 |");
    expect(summary).toContain("| outcome | seeded |");
  });
});

describe("plan", () => {
  it("counts, sends nothing, and needs no token", async () => {
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ account_id: ACCOUNT }) } });
    const env = { CLOUDFLARE_API_TOKEN: undefined };
    const { code, stdout, cloudflare } = await start(["plan"], root, {}, { env });
    expect(code).toBe(0);
    expect(cloudflare.calls).toEqual([]);
    expect(stdout).toContain("2 pages would be seeded; nothing was sent");
    expect(stdout).toMatch(new RegExp(`where +VINEXT_KV_CACHE, ${NAMESPACE}; .*no API token`, "u"));
    expect(stdout).toMatch(/writes +3 \(one for each entry\), in 1 request/u);
    expect(stdout).toMatch(/free plan +0\.3 % of the 1,000 writes of a day/u);
  });

  it("prints the same as JSON", async () => {
    const { stdout, cloudflare } = await start(["plan", "--json", ...FLAGS], writeProject(PLAIN));
    expect(JSON.parse(stdout)).toMatchObject({
      kvPairs: 3,
      target: { accountId: ACCOUNT, namespaceId: NAMESPACE },
      freePlan: { dailyWrites: 1000, shareOfDay: 0.003 },
      paidPlan: { includedMonthlyWrites: 1_000_000, usdForWritesBeyond: 0.000015 },
    });
    expect(cloudflare.calls).toEqual([]);
  });

  it("says that a site is too large for a day of the free plan", async () => {
    const routes = Array.from({ length: 1001 }, (_, index) => rendered(`/p${index}`));
    const artefacts = Object.fromEntries(routes.map(({ route }) => [`${route.slice(1)}.html`, "x"]));
    const { stdout } = await start(["plan", ...FLAGS], writeProject({ ...PLAIN, routes, artefacts }));
    expect(stdout).toMatch(/free plan +100 % of the 1,000 writes of a day: too much/u);
  });
});

describe("export", () => {
  it("writes files and says how to load them", async () => {
    const root = writeProject(PLAIN);
    const { code, stdout, cloudflare } = await start(["export", "kv seed", "--env", "staging", ...FLAGS], root);
    expect(code).toBe(0);
    expect(readdirSync(path.join(root, "kv seed"))).toEqual(["kv-bulk-0001.json"]);
    const file = path.join("kv seed", "kv-bulk-0001.json");
    expect(stdout).toContain(
      `npx wrangler kv bulk put "${file}" --namespace-id ${NAMESPACE} --remote --env staging`,
    );
    expect(cloudflare.calls).toEqual([]);
    const again = await start(["export", "kv seed"], root);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("EXPORT_DIRECTORY_NOT_EMPTY");
  });

  it("quotes paths as Windows takes them", () => {
    const command = loadCommand("C:\\my kv\\kv-bulk-0001.json", "--binding KV", {});
    expect(command).toBe(
      'npx wrangler kv bulk put "C:\\my kv\\kv-bulk-0001.json" --binding KV --remote',
    );
  });
});

describe("a reader of the output that has read enough", () => {
  it("does not end the command", async () => {
    const { code, stderr } = await cli(["plan", ...FLAGS], {
      cwd: writeProject(PLAIN),
      onStart: (child) => child.stdout?.destroy(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("a wrong command line", () => {
  const root = () => writeProject(PLAIN);

  it.each([
    [["--nope"], "unknown option '--nope'"],
    [["plan", "--strct"], "Did you mean --strict?"],
    [["--ttl", "soon"], "whole number of seconds"],
    [["--ttl", "0"], "whole number of seconds"],
    [["--env"], "argument missing"],
    [["--binding", " "], "It is empty"],
    [["-q", "-v"], "cannot be used with"],
    [["not-a-directory"], "there is no directory"],
    [["run", ".", "too", "many"], "too many arguments"],
    [["export"], "missing required argument 'dir'"],
    [["plan", "--", "--dry-run"], "only deploy takes arguments after --"],
    [["deploy", "--local"], "deploy does not take --local"],
    [["--persist-to", "state"], "--persist-to goes with --local"],
  ])("%j ends with 2", async (args, message) => {
    const { code, stdout, stderr } = await cli(args, { cwd: root() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("in a directory without package.json ends with 2", async () => {
    const { code, stderr } = await cli([], { cwd: temporaryDirectory() });
    expect(code).toBe(2);
    expect(stderr).toContain("no package.json");
  });

  it("is no reason not to print help", async () => {
    const { code, stdout } = await cli(["plan", "--help"], { cwd: temporaryDirectory() });
    expect(code).toBe(0);
    for (const flag of ["--env", "--config", "--binding", "--namespace-id", "--strict", "--json"]) {
      expect(stdout).toContain(flag);
    }
  });

  it("does not make deploy build anything without the project's tools", async () => {
    const { code, stderr, stdout } = await start(["deploy", "--json"], root());
    expect(code).toBe(2);
    expect(stderr).toContain("vite is not installed");
    expect(JSON.parse(stdout)).toMatchObject({ seed: null, failure: { code: "TOOL_MISSING" } });
  });
});

describe("--local", () => {
  it("cannot write where a file stands", async () => {
    const root = writeProject({ files: { "wrangler.json": wranglerConfig(), ".wrangler": "a file" } });
    const { code, stderr } = await start(["--local"], root);
    expect(code).toBe(0);
    expect(stderr).toMatch(/LOCAL_STATE_UNWRITABLE.*\.wrangler/u);
    expect((await start(["--local", "--strict"], root)).code).toBe(1);
  });

  it("cannot write without permission", async ({ skip }) => {
    if (process.getuid?.() === 0 || process.platform === "win32") skip();
    const root = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    mkdirSync(path.join(root, ".wrangler"), { mode: 0o500 });
    const { stderr } = await start(["--local"], root);
    expect(stderr).toMatch(/LOCAL_STATE_UNWRITABLE.*\.wrangler/u);
  });
});

describe.runIf(hasSignals)("Ctrl-C", () => {
  it("leaves a truthful summary and exit code 130", async () => {
    const root = largePages(15);
    let interrupted: Promise<unknown> = Promise.resolve();
    const cloudflare = await startCloudflare({ bulkDelaysMs: [0, 500, 60_000] });
    const { code, stdout, stderr } = await cli(FLAGS, {
      cwd: root,
      env: cloudflare.env,
      onStart(child) {
        // Two requests are answered by then, the others are in flight.
        interrupted = expect
          .poll(() => cloudflare.writes().length, { timeout: 20_000 })
          .toBeGreaterThanOrEqual(3)
          .then(() => new Promise((resolve) => setTimeout(resolve, 1000)))
          .then(() => child.kill("SIGINT"));
      },
    });
    await interrupted;
    expect(code).toBe(130);
    expect(stdout).toBe("");
    const told = /^error: interrupted: (\d+) entries are stored \(.* MB\), (\d+) more may be; /u.exec(stderr);
    const [stored, inDoubt] = [Number(told?.[1]), Number(told?.[2])];
    expect(stored).toBeGreaterThan(0);
    expect(inDoubt).toBeGreaterThan(0);
    expect(stored + inDoubt).toBe(cloudflare.pairs().length);
  });

  it("also ends a run that has written nothing", async () => {
    const cloudflare = await startCloudflare({ bulkDelaysMs: [60_000] });
    const { code, stderr } = await cli(FLAGS, {
      cwd: writeProject(PLAIN),
      env: cloudflare.env,
      onStart(child) {
        void expect
          .poll(() => cloudflare.writes().length, { timeout: 20_000 })
          .toBe(1)
          .then(() => child.kill("SIGTERM"));
      },
    });
    expect(code).toBe(143);
    expect(stderr).toContain("interrupted: 0 entries are stored (0 B), 3 more may be");
  });
});

describe.runIf(hasSignals)("Ctrl-C during a deploy", () => {
  /** Commands that take for ever; what they do does not matter here. */
  const stub = (script: string) => ({
    "node_modules/vite/package.json": { name: "vite", bin: "cli.cjs" },
    // vinext hands `build --help` on to it.
    "node_modules/vite/cli.cjs": `if (!process.argv.includes("--help")) { ${script} }`,
    "node_modules/wrangler/package.json": { name: "wrangler", bin: "cli.cjs" },
    "node_modules/wrangler/cli.cjs": "console.log('deploying'); setInterval(() => {}, 1000);",
  });

  it.each([
    ["building", "console.log('building'); setInterval(() => {}, 1000);"],
    ["deploying", ""],
  ])("while %s says what is done and what is not", async (step, script) => {
    const root = writeProject({ ...PLAIN, files: stub(script) });
    const cloudflare = await startCloudflare();
    const { code, stderr, stdout } = await cli(["deploy", ...FLAGS], {
      cwd: root,
      env: cloudflare.env,
      onStart(child) {
        child.stdout?.on("data", (text: string) => {
          if (text.includes(step)) child.kill("SIGINT");
        });
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain(`error: interrupted while ${step}`);
    expect(cloudflare.pairs()).toHaveLength(step === "building" ? 0 : 3);
    expect(stdout.includes("Seeded 2 pages")).toBe(step === "deploying");
  });
});

describe("JSON", () => {
  const tools = (script: string) => ({
    "node_modules/vite/package.json": { name: "vite", bin: "cli.cjs" },
    "node_modules/vite/cli.cjs": `if (!process.argv.includes("--help")) { ${script} }`,
    "node_modules/wrangler/package.json": { name: "wrangler", bin: "cli.cjs" },
    "node_modules/wrangler/cli.cjs": "",
  });

  it("is printed by a deploy whose build fails", async () => {
    const root = writeProject({ ...PLAIN, files: tools("process.exit(7)") });
    const { code, stdout, cloudflare } = await start(["deploy", "--json", ...FLAGS], root);
    expect(code).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({ seed: null, failure: { code: "BUILD_FAILED" } });
    expect(cloudflare.calls).toEqual([]);
  });

  it.runIf(hasSignals)("is printed by a deploy that is interrupted", async () => {
    const root = writeProject({ ...PLAIN, files: tools('process.kill(process.ppid, "SIGINT")') });
    const { code, stdout } = await start(["deploy", "--json", ...FLAGS], root);
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ seed: null, failure: { code: "ABORT_ERR" } });
  });

  it.runIf(hasSignals).each([["plan"], ["export", "out"]])("is printed by %s where it is interrupted", async (...command) => {
    // The configuration is loaded by a child of the command.
    const files = {
      "vite.config.mjs": "",
      "node_modules/vite/package.json": { name: "vite", main: "index.cjs" },
      "node_modules/vite/index.cjs": 'process.kill(process.ppid, "SIGINT");',
    };
    const root = writeProject({ ...PLAIN, files });
    const { code, stdout } = await start([...command, "--json", ...FLAGS], root);
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ failure: { code: "ABORT_ERR" } });
  });
});

it("starts no command any more after Ctrl-C", async () => {
  const file = path.join(temporaryDirectory(), "script.cjs");
  writeFileSync(file, "process.exit(7)");
  const interrupt = { signal: AbortSignal.abort(), received: "SIGINT" as const, ignore() {} };
  const how = { root: ".", variables: {}, isQuiet: true, interrupt };
  expect(await runCommand(file, [], how)).toBe(130);
});

describe("progress without a terminal", () => {
  const options = { color: true };
  const silent = { write: () => true, isTTY: false };

  it("is a line in ten seconds", () => {
    const written: string[] = [];
    const stderr = { write: (text: string) => Boolean(written.push(text)), isTTY: false };
    const printer = createPrinter(options, { stdout: silent, stderr, env: {} });
    let now = 0;
    const view = progressView(printer, process.stderr, () => now);
    const event = { phase: "send" as const, routes: 50, total: 100, pairs: 98, bytes: 1_234_567 };
    for (; now <= 35_000; now += 100) view.show(event);
    view.end();
    expect(written).toEqual(Array(3).fill("Seeding: 50 of 100 pages, 98 entries stored (1.2 MB)\n"));
  });

  it("is silent with --quiet and --json", () => {
    const written: string[] = [];
    const stderr = { write: (text: string) => Boolean(written.push(text)), isTTY: true };
    for (const more of [{ quiet: true }, { json: true }]) {
      const printer = createPrinter({ ...options, ...more }, { stdout: silent, stderr, env: {} });
      expect(printer.hasBar).toBe(false);
      printer.note("x");
      printer.result("x");
    }
    expect(written).toEqual([]);
  });

  it("has no bar in CI, and no colour where none is wanted", () => {
    const terminal = { write: () => true, isTTY: true };
    const printer = (more: object, env: Record<string, string>) =>
      createPrinter({ ...options, ...more }, { stdout: terminal, stderr: terminal, env });
    expect(printer({}, {}).hasBar).toBe(true);
    expect(printer({}, { CI: "true" }).hasBar).toBe(false);
    expect(printer({}, {}).styled("bold", "x")).not.toBe("x");
    expect(printer({ color: false }, {}).styled("bold", "x")).toBe("x");
    expect(printer({}, { NO_COLOR: "1" }).styled("bold", "x")).toBe("x");
  });
});

it("formats numbers the same everywhere", () => {
  expect([0, 999, 1000, 12_345, 999_600, 1e9].map(size)).toEqual([
    "0 B", "999 B", "1.0 kB", "12 kB", "1.0 MB", "1.0 GB",
  ]);
  expect([5, 1500, 61_000].map(time)).toEqual(["5 ms", "1.5 s", "1 min 1 s"]);
  expect([0, 0.001, 1.5].map(usd)).toEqual(["$0.00", "less than $0.01", "$1.50"]);
});

it("escapes what others wrote in a step summary", () => {
  const summary = stepSummary({
    ...NOTHING_DONE,
    failure: { code: "X", message: "a|b\n<script>`" },
  });
  expect(summary).toContain("| reason | a\\|b \\<script\\>\\` |");
});
