// The command in a separate process: what it prints where, and how it ends.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { quoted } from "../lib/cli/shell-quoting.js";
import { BUILD_ID, key, payload, rendered, temporaryDirectory } from "./support/build.js";
import { cli, hasSignals, type CliProcess } from "./support/cli.js";
import {
  ACCOUNT,
  API_TOKEN,
  startCloudflare,
  type CloudflareOptions,
} from "./support/cloudflare.js";
import { NAMESPACE, wranglerConfig, writeProject, type ProjectFiles } from "./support/project.js";

const FLAGS = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT];
/** Nothing to ask wrangler for, which is slow. */
const PLAIN: ProjectFiles = { wrangler: false };

/** Runs the command on a project against a loopback API. */
async function start(
  args: string[],
  root: string,
  api: CloudflareOptions = {},
  how: CliProcess = {},
) {
  const cloudflare = await startCloudflare(api);
  const env = { ...cloudflare.env, HOME: temporaryDirectory(), ...how.env };
  const ended = await cli(args, { cwd: root, ...how, env });
  expect(ended.stdout + ended.stderr).not.toContain(API_TOKEN);
  return { ...ended, cloudflare };
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

  it("finds the target through the project's wrangler", async () => {
    const root = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    const { code, stdout, cloudflare } = await start(["run", root], temporaryDirectory());
    expect(code).toBe(0);
    expect(stdout).toContain(`VINEXT_KV_CACHE (${NAMESPACE}) in account ${ACCOUNT}`);
    expect(cloudflare.writes()).toEqual([
      { what: "kv", path: `/accounts/${ACCOUNT}/storage/kv/namespaces/${NAMESPACE}/bulk` },
    ]);
  });

  it("passes on the prefix and the TTLs", async () => {
    const routes = [rendered("/a", { revalidate: 60 }), rendered("/b")];
    const worker = { adapter: { appPrefix: "shop" } };
    const root = writeProject({ ...PLAIN, routes, worker });
    const more = ["--app-prefix", "shop", "--ttl", "90", "--static-ttl", "3600"];
    const { cloudflare } = await start([...FLAGS, ...more], root);
    const [a, , b] = cloudflare.pairs();
    expect(a).toMatchObject({ key: expect.stringMatching(/^shop:cache:/u), expiration_ttl: 90 });
    expect(b?.expiration_ttl).toBe(3600);
  });

  it("seeds with --vinext-version without an installed vinext", async () => {
    const root = writeProject(PLAIN);
    rmSync(path.join(root, "node_modules/vinext"));
    const worker = `function appIsrCacheKey(pathname, suffix, buildId = "${BUILD_ID}") {}`;
    writeFileSync(path.join(root, "dist/server/index.js"), worker);
    const missing = await start(FLAGS, root);
    expect(missing.code).toBe(0);
    expect(missing.stderr).toMatch(
      /\(vinext-not-installed\).*\(--vinext-version on the command line\)/u,
    );
    const flags = ["--vinext-version", "1.4.0", "--app-prefix", "shop"];
    const { code, stdout, cloudflare } = await start([...FLAGS, ...flags], root);
    expect(code).toBe(0);
    expect(stdout).toContain("Seeded 2 pages");
    expect(cloudflare.pairs()[0]?.key).toBe(`shop:${key("/a", "html")}`);
    const lonely = await start([...FLAGS, "--adapter-version", "1.0.0"], root);
    expect(lonely.code).toBe(2);
  });

  it("lists every skipped route with --verbose", async () => {
    const root = writeProject({
      ...PLAIN,
      routes: [rendered("/a"), rendered("/lost"), rendered("/gone")],
    });
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

  it("exits with 0 on failure unless strict", async () => {
    const refusing = { tokens: ["other"] };
    const root = writeProject(PLAIN);
    const warned = await start(FLAGS, root, refusing);
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(/^warning: seeding failed \(KV_UNAUTHORIZED\): /u);
    expect(warned.stdout).toBe("");
    expect((await start([...FLAGS, "--strict"], root, refusing)).code).toBe(1);
  });

  it("reports how many entries have an unknown outcome", async () => {
    const { code, stderr } = await start(FLAGS, writeProject(PLAIN), { refusesBulk: "quota" });
    expect(code).toBe(0);
    expect(stderr).toMatch(/\(KV_QUOTA_EXHAUSTED\).*0 of 3 entries are stored, 3 more may be\n$/u);
  });

  it("names every entry that is not stored with --verbose", async () => {
    const { stderr } = await start([...FLAGS, "--verbose"], writeProject(PLAIN), {
      tokens: ["other"],
    });
    for (const name of [key("/a", "html"), key("/a", "rsc"), key("/b", "html")]) {
      expect(stderr).toContain(`\n  ${name}: KV_UNAUTHORIZED\n`);
    }
  });

  it("uses --binding and --config", async () => {
    const kv_namespaces = [
      { binding: "VINEXT_KV_CACHE", id: NAMESPACE },
      { binding: "PAGES", id: "22222222222222222222222222222222" },
    ];
    const root = writeProject({
      files: { "deploy/other.json": wranglerConfig({ kv_namespaces }) },
      worker: { adapter: { binding: "PAGES" } },
    });
    // Files are relative to the current directory, as for wrangler, and not to the project.
    const named = ["--config", "other.json", "--binding", "PAGES", "--account-id", ACCOUNT];
    const { stdout } = await start(["run", "..", ...named], path.join(root, "deploy"));
    expect(stdout).toContain(`PAGES (22222222222222222222222222222222) in account ${ACCOUNT}`);
  });

  it("seeds old versions with --allow-unproven-routes", async () => {
    const root = writeProject({ ...PLAIN, vinext: "0.1.8" });
    const refused = await start([...FLAGS, "--strict"], root);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("(unproven-routes)");
    const allowed = await start([...FLAGS, "--strict", "--allow-unproven-routes"], root);
    expect(allowed).toMatchObject({ code: 0, stderr: "" });
    expect(allowed.cloudflare.pairs()).toHaveLength(3);
  });

  it("exits with 0 if there is nothing to seed, even with --strict", async () => {
    const dynamic = { ...rendered("/now"), status: "skipped", reason: "dynamic" };
    const { code, stderr } = await start(
      [...FLAGS, "--strict"],
      writeProject({ ...PLAIN, routes: [dynamic] }),
    );
    expect(code).toBe(0);
    expect(stderr).toContain("(nothing-seedable)");
    const lost = await start(
      [...FLAGS, "--strict"],
      writeProject({ ...PLAIN, routes: [rendered("/lost")] }),
    );
    expect(lost.code).toBe(1);
    expect(lost.stderr).toContain("(artifacts-missing)");
  });

  it("fails with --strict if a page failed to render, and seeds the others", async () => {
    const artifacts = {
      "a.html": "A",
      "a.rsc": payload("a"),
      "b.html": "Something went wrong",
      "b.rsc": `${payload("b")}2:E{"digest":"1234567"}\n`,
    };
    const root = writeProject({ ...PLAIN, artifacts });
    const warned = await start(FLAGS, root);
    expect(warned.code).toBe(0);
    expect(warned.stdout).toContain("1234567");
    const strict = await start([...FLAGS, "--strict"], root);
    expect(strict.code).toBe(1);
    expect(strict.cloudflare.pairs()).toHaveLength(2);
    expect((await start(["plan", "--strict", ...FLAGS], root)).code).toBe(1);
    const insisted = await start([...FLAGS, "--strict", "--seed-failed-renders"], root);
    expect(insisted).toMatchObject({ code: 0, stderr: "" });
    expect(insisted.cloudflare.pairs()).toHaveLength(4);
  });

  it("reports what is missing and what to set", async () => {
    const env = { CLOUDFLARE_API_TOKEN: undefined };
    const root = writeProject(PLAIN);
    const warned = await start(FLAGS, root, {}, { env });
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(/nothing is seeded \(no-api-token\).*CLOUDFLARE_API_TOKEN/u);
    expect((await start([...FLAGS, "--strict"], root, {}, { env })).code).toBe(1);
  });

  it("explains how to pre-render if the build did not", async () => {
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
    const root = writeProject({
      files: { "wrangler.json": wranglerConfig({ account_id: ACCOUNT }) },
    });
    const env = { CLOUDFLARE_API_TOKEN: undefined };
    const { code, stdout, cloudflare } = await start(["plan"], root, {}, { env });
    expect(code).toBe(0);
    expect(cloudflare.calls).toEqual([]);
    expect(stdout).toContain("2 pages would be seeded; nothing was sent");
    expect(stdout).toMatch(new RegExp(`where +VINEXT_KV_CACHE, ${NAMESPACE}; .*no API token`, "u"));
    expect(stdout).toMatch(/writes +3 \(one for each entry\), in 1 request/u);
    expect(stdout).toMatch(/free plan +0\.3 % of the 1,000 writes of a day/u);
  });

  it("prints the result as JSON", async () => {
    const { stdout, cloudflare } = await start(["plan", "--json", ...FLAGS], writeProject(PLAIN));
    expect(JSON.parse(stdout)).toMatchObject({
      kvPairs: 3,
      target: { accountId: ACCOUNT, namespaceId: NAMESPACE },
      freePlan: { dailyWrites: 1000, shareOfDay: 0.003 },
      paidPlan: { includedMonthlyWrites: 1_000_000, usdForWritesBeyond: 0.000015 },
    });
    expect(cloudflare.calls).toEqual([]);
  });

  it("reports what is missing, and fails only with --strict", async () => {
    const env = { CLOUDFLARE_API_TOKEN: undefined };
    const root = writeProject(PLAIN);
    const { code, stdout } = await start(["plan", "--json", ...FLAGS], root, {}, { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kvPairs: 3,
      targetMissing: { code: "no-api-token", namespaceId: NAMESPACE },
    });
    expect((await start(["plan", "--strict", ...FLAGS], root, {}, { env })).code).toBe(1);
    const bare = temporaryDirectory();
    writeFileSync(path.join(bare, "package.json"), "{}");
    const unbuilt = await start(["plan", ...FLAGS], bare);
    expect(unbuilt.code).toBe(0);
    expect(unbuilt.stderr).toMatch(/\(no-manifest\).*vite build/u);
    expect((await start(["plan", "--strict", ...FLAGS], bare)).code).toBe(1);
  });

  it("prints the source of the target with --verbose", async () => {
    const { stdout } = await start(["plan", "--verbose", ...FLAGS], writeProject(PLAIN));
    expect(stdout).toMatch(/^ {2}account +--account-id$/mu);
    expect(stdout).toMatch(/^ {2}token +CLOUDFLARE_API_TOKEN$/mu);
  });

  it("reports a site that exceeds the free plan's daily writes", async () => {
    const routes = Array.from({ length: 1001 }, (_, index) => rendered(`/p${index}`));
    const artifacts = Object.fromEntries(
      routes.map(({ route }) => [`${route.slice(1)}.html`, "x"]),
    );
    const { stdout } = await start(
      ["plan", ...FLAGS],
      writeProject({ ...PLAIN, routes, artifacts }),
    );
    expect(stdout).toMatch(/free plan +100 % of the 1,000 writes of a day: too many/u);
  });
});

describe("export", () => {
  it("writes files and prints the load command", async () => {
    const root = writeProject(PLAIN);
    const { code, stdout, cloudflare } = await start(
      ["export", "kv seed", "--env", "staging", ...FLAGS],
      root,
    );
    expect(code).toBe(0);
    expect(readdirSync(path.join(root, "kv seed"))).toEqual(["kv-bulk-0001.json"]);
    const file = path.join("kv seed", "kv-bulk-0001.json");
    expect(stdout).toContain(
      `npx wrangler kv bulk put ${quoted(file)} --namespace-id ${NAMESPACE} --remote --env staging`,
    );
    expect(cloudflare.calls).toEqual([]);
    const again = await start(["export", "kv seed"], root);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("EXPORT_DIRECTORY_NOT_EMPTY");
  });

  it("prints the result as JSON", async () => {
    const root = writeProject(PLAIN);
    const args = ["export", "kv", "--json", "--binding", "KV", "--config", "my wrangler.json"];
    const { stdout, stderr } = await start(args, root);
    expect(stderr).toBe("");
    const file = path.join("kv", "kv-bulk-0001.json");
    const config = path.join(root, "my wrangler.json");
    expect(JSON.parse(stdout)).toMatchObject({
      directory: path.join(root, "kv"),
      files: [{ name: "kv-bulk-0001.json", kvPairs: 3 }],
      load: [`npx wrangler kv bulk put ${file} --binding KV --remote --config ${quoted(config)}`],
    });
  });
});

describe("a closed output pipe", () => {
  it("does not end the command", async () => {
    const { code, stderr } = await cli(["plan", ...FLAGS], {
      cwd: writeProject(PLAIN),
      onStart: (child) => child.stdout?.destroy(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("an invalid command line", () => {
  const root = () => writeProject(PLAIN);

  it.each([
    [["--nope"], "unknown option '--nope'"],
    [["plan", "--strct"], "Did you mean --strict?"],
    [["--ttl", "soon"], "whole number of seconds"],
    [["--ttl", "0"], "whole number of seconds"],
    [["--static-ttl", "2592000000"], "milliseconds? Then it is 2592000."],
    [["--ttl", "2147483648"], "at most 2147483647 seconds"],
    [["--env"], "argument missing"],
    [["--binding", " "], "It is empty"],
    [["-q", "-v"], "cannot be used with"],
    [["not-a-directory"], "there is no directory"],
    [["run", ".", "too", "many"], "too many arguments"],
    [["export"], "missing required argument 'dir'"],
    [["plan", "--", "--dry-run"], "only deploy takes arguments after --"],
    [["deploy", "--local"], "deploy does not take --local"],
    [["--persist-to", "state"], "--persist-to requires --local"],
  ])("%j exits with 2", async (args, message) => {
    const { code, stdout, stderr } = await cli(args, { cwd: root() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("without a package.json exits with 2", async () => {
    const { code, stderr } = await cli([], { cwd: temporaryDirectory() });
    expect(code).toBe(2);
    expect(stderr).toContain("no package.json");
  });

  it("does not prevent --version", async () => {
    const { code, stdout } = await cli(["--version"], { cwd: temporaryDirectory() });
    const manifest = new URL("../package.json", import.meta.url);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${JSON.parse(readFileSync(manifest, "utf-8")).version}\n`,
    });
  });

  it("does not prevent --help", async () => {
    const { code, stdout } = await cli(["plan", "--help"], { cwd: temporaryDirectory() });
    expect(code).toBe(0);
    for (const flag of ["--env", "--config", "--binding", "--namespace-id", "--strict", "--json"]) {
      expect(stdout).toContain(flag);
    }
  });

  it("fails before the build if deploy lacks the project's tools", async () => {
    const { code, stderr, stdout } = await start(["deploy", "--json"], root());
    expect(code).toBe(2);
    expect(stderr).toContain("vite is not installed");
    expect(JSON.parse(stdout)).toMatchObject({ seed: null, failure: { code: "TOOL_MISSING" } });
  });
});

describe("--local", () => {
  it("fails if the path is a file", async () => {
    const root = writeProject({
      files: { "wrangler.json": wranglerConfig(), ".wrangler": "a file" },
    });
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

describe("JSON", () => {
  /** Interrupts the command, and gives it time to notice before it has its answer. */
  const interrupt =
    'process.kill(process.ppid, "SIGINT"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);';
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
    const root = writeProject({ ...PLAIN, files: tools(interrupt) });
    const { code, stdout } = await start(["deploy", "--json", ...FLAGS], root);
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ seed: null, failure: { code: "ABORT_ERR" } });
  });

  it.runIf(hasSignals).each([["plan"], ["export", "out"]])(
    "is printed by %s when interrupted",
    async (...command) => {
      // The configuration is loaded by a child of the command.
      const files = {
        "vite.config.mjs": "",
        "node_modules/vite/package.json": { name: "vite", main: "index.cjs" },
        "node_modules/vite/index.cjs": interrupt,
      };
      const root = writeProject({ ...PLAIN, files });
      const { code, stdout } = await start([...command, "--json", ...FLAGS], root);
      expect(code).toBe(130);
      expect(JSON.parse(stdout)).toMatchObject({ failure: { code: "ABORT_ERR" } });
    },
  );
});
