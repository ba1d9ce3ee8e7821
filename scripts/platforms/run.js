// Runs a program on a platform, and keeps what it prints.

import { spawn } from "node:child_process";

/**
 * @param {import("./rows.js").Platform} platform
 * @param {string[]} args
 * @param {{ limitMs: number, cwd?: string, env?: NodeJS.ProcessEnv }} how
 * @returns {Promise<{ output: string, status: number | undefined }>} no status if it was ended, or did not start
 */
export function runOn({ command }, args, { limitMs, cwd, env = process.env }) {
  const [program = "", ...before] = command;
  return new Promise((resolve) => {
    const child = spawn(program, [...before, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
      cwd,
      env,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => (output += text));
    }
    child.once("error", (error) => resolve({ output: output + error.message, status: undefined }));
    child.once("close", (status) => resolve({ output, status: status ?? undefined }));
  });
}
