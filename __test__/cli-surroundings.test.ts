// The command where its surroundings are broken or hostile: streams, directories, names.

import { execFileSync, spawn } from "node:child_process";
import { openSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { rendered, temporaryDirectory } from "./support/build.js";
import { BIN, bareEnvironment, cli, hasSignals as isPosix } from "./support/cli.js";
import { ACCOUNT, startCloudflare } from "./support/cloudflare.js";
import { NAMESPACE, writeProject } from "./support/project.js";

const FLAGS = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT];
const FULL = "/dev/full";

/** Runs the command with a full disk behind some of its streams. */
async function onFullDisk(args: string[], root: string, streams: ("stdout" | "stderr")[]) {
  const cloudflare = await startCloudflare();
  const full = openSync(FULL, "w");
  const [stdout, stderr] = (["stdout", "stderr"] as const).map((name) =>
    streams.includes(name) ? full : "pipe",
  );
  const child = spawn(process.execPath, [BIN, ...args, ...FLAGS], {
    cwd: root,
    env: { ...bareEnvironment(), ...cloudflare.env },
    stdio: ["ignore", stdout, stderr],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (output += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, output, pairs: cloudflare.pairs().length };
}

describe.runIf(process.platform === "linux")("a full disk behind the output", () => {
  const stub = (file: string) => ({
    "node_modules/vite/package.json": { name: "vite", bin: "cli.cjs" },
    "node_modules/vite/cli.cjs": "",
    "node_modules/wrangler/package.json": { name: "wrangler", bin: "cli.cjs" },
    "node_modules/wrangler/cli.cjs": `if (process.argv[2] === "deploy") require("node:fs").writeFileSync(${JSON.stringify(file)}, "");`,
  });

  it.each([[["stdout"]], [["stderr"]], [["stdout", "stderr"]]] as const)(
    "%j changes neither the run nor its exit code",
    async (streams) => {
      const root = writeProject({ wrangler: false });
      const seeded = await onFullDisk([], root, [...streams]);
      expect(seeded).toMatchObject({ code: 0, pairs: 3 });
      expect(seeded.output).not.toContain("ENOSPC");
      // A warning.
      const skipped = await onFullDisk(["--strict"], temporaryProject(), [...streams]);
      expect(skipped).toMatchObject({ code: 1, pairs: 0 });
    },
  );

  const temporaryProject = () => writeProject({ wrangler: false, vinext: "0.0.38" });

  it.each([[["stdout"]], [["stderr"]], [["stdout", "stderr"]]] as const)(
    "%j does not stop a deploy",
    async (streams) => {
      const file = path.join(temporaryDirectory(), "deployed");
      const root = writeProject({ wrangler: false, files: stub(file) });
      const ended = await onFullDisk(["deploy"], root, [...streams]);
      expect(ended).toMatchObject({ code: 0, pairs: 3 });
      openSync(file, "r");
    },
  );
});

describe.runIf(isPosix)("a project directory", () => {
  it("that cannot be read is a usage error without a stack", async () => {
    const loop = path.join(temporaryDirectory(), "loop");
    symlinkSync(loop, loop);
    const { code, stderr } = await cli(["plan", loop]);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: cannot read ${loop}: ELOOP`);
    expect(stderr).not.toContain("    at ");
  });
});

describe("names with control characters or CI commands", () => {
  const EVIL = "/a\n  ::add-mask::production\x1b[2J##[error]\u202e";
  const root = () =>
    writeProject({
      wrangler: false,
      routes: [rendered("/a"), rendered(EVIL), { ...rendered(EVIL), status: EVIL }],
    });
  const actsOn = /^\s*::|##\[|[^\P{Cc}\n]|[\u2028\u202e]/mu;

  it.each([["run"], ["plan"]])("are printed as text by %s", async (command) => {
    const cloudflare = await startCloudflare();
    const args = [command, ...FLAGS, "--verbose"];
    const { code, stdout, stderr } = await cli(args, { cwd: root(), env: cloudflare.env });
    expect(code).toBe(0);
    expect(stdout).toContain("add-mask");
    expect(stdout + stderr).not.toMatch(actsOn);
  });

  it("are escaped in JSON", async () => {
    const cloudflare = await startCloudflare();
    const args = ["plan", ...FLAGS, "--json"];
    const { stdout } = await cli(args, { cwd: root(), env: cloudflare.env });
    expect(stdout).not.toMatch(actsOn);
    expect(JSON.stringify(JSON.parse(stdout))).toContain("\u202e");
  });

  it("are rejected as the directory of an export", async () => {
    const { code, stderr } = await cli(["export", "a\nb"], { cwd: root() });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*a b has characters that cannot be pasted safely/u);
  });

  it.runIf(isPosix)("do not run if the load command is pasted", async () => {
    const cwd = writeProject({ wrangler: false });
    const directory = "kv $(touch pwned) `touch pwned` 'x'";
    const { stdout } = await cli(["export", directory, "--json", ...FLAGS], { cwd });
    const [load] = JSON.parse(stdout).load;
    const said = execFileSync("sh", ["-c", `npx() { printf '%s\\n' "$@"; }; ${load}`], {
      cwd,
      encoding: "utf-8",
    });
    expect(said.split("\n")[4]).toBe(`${directory}/kv-bulk-0001.json`);
    expect(() => openSync(path.join(cwd, "pwned"), "r")).toThrow("ENOENT");
  });
});

it("lists skipped routes and explains pre-rendering if nothing can be seeded", async () => {
  const skipped = (route: string, reason: string) => ({ route, status: "skipped", reason });
  const routes = [
    skipped("/blog/:slug", "no-static-params"),
    skipped("/api/x", "api"),
    { route: "/broken", status: "error", error: "fetch failed" },
  ];
  const root = writeProject({ wrangler: false, routes });
  const cloudflare = await startCloudflare();
  for (const command of ["run", "plan", "export"]) {
    const args = command === "export" ? [command, "kv", ...FLAGS] : [command, ...FLAGS];
    const { code, stderr } = await cli(args, { cwd: root, env: cloudflare.env });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: nothing .*\(nothing-seedable\): .+\n {2}skipped {2}1: .*fetch failed/u,
    );
    expect(stderr).toContain("1: not rendered by the build (no-static-params) (/blog/:slug)");
    expect(stderr).toContain("`generateStaticParams`");
  }
});
