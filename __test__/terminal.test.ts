// The command on a real (pseudo-)terminal, where it draws a bar and takes Ctrl-C from the keyboard.

import { spawn, type IPty } from "@lydell/node-pty";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { BIN, bareEnvironment, hasSignals } from "./support/cli.js";
import {
  ACCOUNT,
  API_TOKEN,
  startCloudflare,
  type CloudflareOptions,
} from "./support/cloudflare.js";
import { NAMESPACE, writeLargeSite, writeProject } from "./support/project.js";

const CTRL_C = "\x03";

interface OnTerminal {
  root?: string;
  command?: string[];
  args?: string[];
  env?: Record<string, string>;
  /** Called with everything that was shown so far, whenever there is more. */
  onOutput?: (shown: string, type: (keys: string) => void, terminal: IPty) => void;
}

async function onTerminal(
  api: CloudflareOptions,
  { root = writeLargeSite(15), command = [], args = [], env = {}, onOutput }: OnTerminal = {},
) {
  const cloudflare = await startCloudflare(api);
  const flags = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT, ...args];
  const terminal = spawn(process.execPath, [BIN, ...command, ...flags], {
    name: "xterm-256color",
    cols: 100,
    rows: 30,
    cwd: root,
    env: { ...bareEnvironment(), ...cloudflare.env, ...env } as Record<string, string>,
  });
  onTestFinished(() => terminal.kill());
  let shown = "";
  terminal.onData((text) => {
    shown += text;
    onOutput?.(shown, (keys) => terminal.write(keys), terminal);
  });
  const code = await new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve(exitCode));
  });
  expect(shown).not.toContain(API_TOKEN);
  return { code, shown, plain: stripVTControlCharacters(shown) };
}

describe("on a terminal", () => {
  it("draws a bar and removes it at the end", async () => {
    const { code, shown, plain } = await onTerminal({ bulkDelaysMs: [300] });
    expect(code).toBe(0);
    expect(plain).toMatch(/Seeding [█░]{24} \d+\/15 routes, (?:sending|\d+ entr(?:y|ies) stored)/u);
    // The line is cleared and the cursor is back before the summary.
    const summary = shown.indexOf("Seeded 15 pages");
    expect(shown.lastIndexOf("\x1b[0K", summary)).toBeGreaterThan(0);
    expect(shown.lastIndexOf("\x1b[?25h", summary)).toBeGreaterThan(shown.indexOf("\x1b[?25l"));
    expect(shown.slice(summary)).not.toContain("Seeding");
  });

  it("draws nothing with --quiet or --json", async () => {
    const quiet = await onTerminal({}, { args: ["--quiet"] });
    expect(quiet.shown).toBe("");
    const json = await onTerminal({}, { args: ["--json"] });
    expect(JSON.parse(json.shown)).toMatchObject({ seededRoutes: 15 });
  });

  it("Ctrl-C exits with 130, a summary and a restored terminal", async () => {
    let isTyped = false;
    const { code, shown, plain } = await onTerminal(
      { bulkDelaysMs: [0, 500, 60_000] },
      {
        onOutput(soFar, type) {
          if (isTyped || !/ [1-9]\d* entries/u.test(soFar)) return;
          isTyped = true;
          type(CTRL_C);
        },
      },
    );
    expect(code).toBe(130);
    expect(plain).toMatch(/error: interrupted: [1-9]\d* entries are stored/u);
    expect(shown.lastIndexOf("\x1b[?25h")).toBeGreaterThan(shown.lastIndexOf("\x1b[?25l"));
  });

  it.runIf(hasSignals)("passes SIGTERM to the build", async () => {
    const root = writeProject({
      wrangler: false,
      files: {
        "node_modules/vite/package.json": { name: "vite", bin: "cli.cjs" },
        "node_modules/vite/cli.cjs":
          'if (!process.argv.includes("--help")) { console.log("building"); setInterval(() => {}, 1000); }',
        "node_modules/wrangler/package.json": { name: "wrangler", bin: "cli.cjs" },
        "node_modules/wrangler/cli.cjs": "",
      },
    });
    let isTold = false;
    const { code, plain } = await onTerminal(
      {},
      {
        root,
        command: ["deploy"],
        onOutput(soFar, _, terminal) {
          if (isTold || !soFar.includes("building")) return;
          isTold = true;
          terminal.kill("SIGTERM");
        },
      },
    );
    expect(code).toBe(143);
    expect(plain).toContain("error: interrupted while building");
  });

  it("prints no colours with NO_COLOR and --no-color", async () => {
    const wrong = { tokens: ["other"] };
    expect((await onTerminal(wrong)).shown).toContain("\x1b[33mwarning:");
    for (const how of [{ args: ["--no-color"] }, { env: { NO_COLOR: "1" } }]) {
      expect((await onTerminal(wrong, how)).shown).not.toContain("\x1b[33m");
    }
  });
});
