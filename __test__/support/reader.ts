// Readers for tests, and the processes that they leave behind.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { askReader } from "../../lib/reader.js";
import { temporaryDirectory } from "./build.js";

export const READER = fileURLToPath(new URL("../../lib/reader.js", import.meta.url));

/** A reader whose answer is what these statements return. */
export function writeReader(statements: string, before = "") {
  const file = path.join(temporaryDirectory(), "reader.mjs");
  const load = `import { answerAsReader } from ${JSON.stringify(READER)};`;
  writeFileSync(
    file,
    `${load} ${before}; await answerAsReader(async (...args) => { ${statements} });`,
  );
  return file;
}

export function ask(statements: string, place: Partial<Parameters<typeof askReader>[2]> = {}) {
  return askReader(writeReader(statements), ["x"], { cwd: ".", env: process.env, ...place });
}

export const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Statements that start a process which outlives its parent, and write the ids of both to a file. */
export const leaveBehind = (file: string, options: { detached?: boolean } = {}) =>
  `const { spawn } = await import("node:child_process"); const fs = await import("node:fs");
   const how = { stdio: "ignore", ...${JSON.stringify(options)} };
   const left = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"], how);
   fs.writeFileSync(${JSON.stringify(file)}, JSON.stringify([process.pid, left.pid]));`;

export const pidsIn = (file: string): number[] => JSON.parse(readFileSync(file, "utf-8"));

export async function untilWritten(file: string) {
  const isWritten = () => existsSync(file) && readFileSync(file, "utf-8").endsWith("]");
  await expect.poll(isWritten, { timeout: 20_000, interval: 20 }).toBe(true);
}
