// The command, ended by a signal.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../lib/cli/child.js";
import { temporaryDirectory } from "./support/build.js";
import { cli, hasSignals } from "./support/cli.js";
import { ACCOUNT, startCloudflare, type Cloudflare } from "./support/cloudflare.js";
import { NAMESPACE, writeLargeSite, writeProject } from "./support/project.js";

const FLAGS = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT];

/** Waits until two requests are answered, and all others are in flight with their whole bodies. */
async function untilQuiet(cloudflare: Cloudflare) {
  let before = 0;
  const isQuiet = () => {
    const now = cloudflare.writes().length;
    const isStill = now >= 3 && now === before;
    before = now;
    return isStill;
  };
  await expect.poll(isQuiet, { interval: 1000, timeout: 20_000 }).toBe(true);
}

describe.runIf(hasSignals)("Ctrl-C", () => {
  it("prints a correct summary and exits with 130", async () => {
    const root = writeLargeSite(15);
    let interrupted: Promise<unknown> | undefined;
    const cloudflare = await startCloudflare({ bulkDelaysMs: [0, 500, 60_000] });
    const { code, stdout, stderr } = await cli(FLAGS, {
      cwd: root,
      env: cloudflare.env,
      onStart(child) {
        interrupted = untilQuiet(cloudflare).then(() => child.kill("SIGINT"));
      },
    });
    await interrupted;
    expect(code).toBe(130);
    expect(stdout).toBe("");
    const reported =
      /^error: interrupted: (\d+) entries are stored \(.* MB\), (\d+) more may be; /u.exec(stderr);
    const [stored, inDoubt] = [Number(reported?.[1]), Number(reported?.[2])];
    expect(stored).toBeGreaterThan(0);
    expect(inDoubt).toBeGreaterThan(0);
    expect(stored + inDoubt).toBe(cloudflare.pairs().length);
  });

  it("also ends a run that has written nothing", async () => {
    let interrupted: Promise<unknown> | undefined;
    const cloudflare = await startCloudflare({ bulkDelaysMs: [60_000] });
    const { code, stderr } = await cli(FLAGS, {
      cwd: writeProject({ wrangler: false }),
      env: cloudflare.env,
      onStart(child) {
        interrupted = expect
          .poll(() => cloudflare.writes().length, { timeout: 20_000 })
          .toBe(1)
          .then(() => child.kill("SIGTERM"));
      },
    });
    await interrupted;
    expect(code).toBe(143);
    expect(stderr).toContain("interrupted: 0 entries are stored (0 B), 3 more may be");
  });
});

describe.runIf(hasSignals)("Ctrl-C during a deploy", () => {
  /** Commands that never end; what they do does not matter here. */
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
  ])("while %s reports what is done and what is not", async (step, script) => {
    const root = writeProject({ wrangler: false, files: stub(script) });
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

it("starts no further command after Ctrl-C", async () => {
  const file = path.join(temporaryDirectory(), "script.cjs");
  writeFileSync(file, "process.exit(7)");
  const interrupt = { signal: AbortSignal.abort(), received: "SIGINT" as const, ignore() {} };
  const how = { root: ".", variables: {}, isQuiet: true, interrupt };
  expect(await runCommand(file, [], how)).toBe(130);
});
