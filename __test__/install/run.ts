// Running programs, and the directories they run in.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.dirname(path.dirname(HERE));

export interface Finished {
  stdout: string;
  stderr: string;
  status: number | null;
}

/** Runs a program; its own failure is the caller's to classify. */
export function run(
  directory: string,
  [command, ...args]: string[],
  variables: Record<string, string> = {},
): Finished {
  if (command === undefined) throw new Error("nothing to run");
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    cwd: directory,
    encoding: "utf-8",
    env: { ...environment(), ...variables },
    timeout: 240_000,
  });
  if (error !== undefined) throw error;
  return { stdout, stderr, status };
}

/** Runs a program that has to succeed. */
export function must(...given: Parameters<typeof run>): string {
  const { stdout, stderr, status } = run(...given);
  if (status !== 0) {
    throw new Error(`${given[1].join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  }
  return stdout;
}

const scratch: string[] = [];

/** A directory until `removeScratch` is called. */
export function scratchDirectory(name: string): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), `seed-native-${name}-`));
  scratch.push(directory);
  return directory;
}

/** Not when the process exits: vitest ends its workers without letting them say a last word. */
export function removeScratch() {
  for (const directory of scratch.splice(0)) {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Without what npm, which runs these tests, says to package managers that it starts. */
function environment(): NodeJS.ProcessEnv {
  const isOfNpm = /^(?:npm_|yarn_|pnpm_|bun_|node_options$|init_cwd$)/iu;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfNpm.test(name)));
}
