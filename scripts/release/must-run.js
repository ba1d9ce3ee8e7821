// Runs a required command without a shell, and stops the release if it fails.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { ROOT } from "./targets.js";

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [where]
 */
export function mustRun(command, args, { cwd = ROOT, env = process.env } = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd, env, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status === 0) return;
  const words = [command, ...args].map((word) =>
    path.isAbsolute(word) ? path.basename(word) : word,
  );
  throw new Error(`${words.join(" ")} ended with ${signal ?? status}`);
}
