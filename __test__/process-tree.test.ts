// How processes end if there are no groups, as on Windows: with a `taskkill` that finds children by
// their parents' ids, in /proc.

import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { temporaryDirectory } from "./support/build.js";
import {
  READER,
  ask,
  isAlive,
  leaveBehind,
  pidsIn,
  untilWritten,
  writeReader,
} from "./support/reader.js";
import { failureOf } from "./support/seed.js";

/** A `taskkill.exe` that ends a process and then its descendants. It cannot end itself, nor can the real one. */
const TASKKILL = `#!${process.execPath}
  const { readFileSync, readdirSync, writeFileSync } = require("node:fs");
  writeFileSync(__dirname + "/asked", JSON.stringify(process.argv.slice(2)));
  const pids = readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map(Number);
  const parents = new Map();
  for (const pid of pids) {
    try {
      const status = readFileSync("/proc/" + pid + "/stat", "utf-8");
      parents.set(pid, Number(status.slice(status.lastIndexOf(")")).split(" ")[2]));
    } catch {}
  }
  const tree = new Set([Number(process.argv[3])]);
  for (let size = 0; size < tree.size; ) {
    size = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  tree.delete(process.pid);
  for (const pid of tree) process.kill(pid, "SIGKILL");
`;

const systemDirectory = (root: string) => path.join(root, "System32");

function writeTaskkill(root: string, script: string) {
  mkdirSync(systemDirectory(root));
  const file = path.join(systemDirectory(root), "taskkill.exe");
  writeFileSync(file, script);
  chmodSync(file, 0o755);
}

/** Statements that make Node believe that this is Windows. */
const asOnWindows = (root: string) =>
  `Object.defineProperty(process, "platform", { value: "win32" });
   process.env.SystemRoot = ${JSON.stringify(root)};`;

describe.runIf(process.platform === "linux")("a reader on Windows", () => {
  let root: string;
  let file: string;

  beforeEach(() => {
    root = temporaryDirectory();
    file = path.join(temporaryDirectory(), "pids");
    const platform = process.platform;
    Object.defineProperty(process, "platform", { value: "win32" });
    vi.stubEnv("SystemRoot", root);
    onTestFinished(() => {
      Object.defineProperty(process, "platform", { value: platform });
      vi.unstubAllEnvs();
      for (const pid of existsSync(file) ? pidsIn(file) : []) if (isAlive(pid)) process.kill(pid);
    });
  });

  const untilEnded = () =>
    expect.poll(() => pidsIn(file).filter(isAlive), { timeout: 5000 }).toEqual([]);

  it("ends immediately on abort, with all descendants", async () => {
    writeTaskkill(root, TASKKILL);
    const controller = new AbortController();
    const statements = `${leaveBehind(file, { detached: true })} for (;;);`;
    const asking = failureOf(ask(statements, { signal: controller.signal }));
    await untilWritten(file);
    const started = performance.now();
    controller.abort(new Error("why"));
    expect(await asking).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
    expect(performance.now() - started).toBeLessThan(1000);
    await untilEnded();
    const asked = JSON.parse(readFileSync(path.join(systemDirectory(root), "asked"), "utf-8"));
    expect(asked).toEqual(["/PID", String(pidsIn(file)[0]), "/T", "/F"]);
  });

  it("ends after its answer, with what it has started", async () => {
    writeTaskkill(root, TASKKILL);
    expect(await ask(`${leaveBehind(file, { detached: true })} return 1`)).toEqual({ found: 1 });
    await untilEnded();
  });

  it.each([
    ["is missing", undefined],
    ["fails", `#!${process.execPath}\nprocess.exit(128)`],
  ])("ends even if taskkill %s", async (_, script) => {
    if (script !== undefined) writeTaskkill(root, script);
    const controller = new AbortController();
    const statements = `${leaveBehind(file)} for (;;);`;
    const asking = failureOf(ask(statements, { signal: controller.signal }));
    await untilWritten(file);
    controller.abort();
    await asking;
    await expect.poll(() => isAlive(pidsIn(file)[0] ?? 0), { timeout: 5000 }).toBe(false);
  });

  it.each([
    ["that waits", "await new Promise((r) => setTimeout(r, 9e6));"],
    ["that is busy", "for (;;);"],
  ])("%s ends with its parent", async (_, statements) => {
    writeTaskkill(root, TASKKILL);
    const left = leaveBehind(file, { detached: true });
    const reader = writeReader(`${left} ${statements}`, asOnWindows(root));
    const code = `${asOnWindows(root)}
      const { askReader } = await import(${JSON.stringify(READER)});
      await askReader(${JSON.stringify(reader)}, [], { cwd: ".", env: process.env });`;
    const asker = spawn(process.execPath, ["--input-type=module", "--eval", code], {
      stdio: "ignore",
    });
    await untilWritten(file);
    expect(pidsIn(file).filter(isAlive)).toHaveLength(2);
    asker.kill("SIGKILL");
    await untilEnded();
  });
});
