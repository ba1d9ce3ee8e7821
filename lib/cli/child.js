// Runs a project's own command in the foreground, with this Node and without a shell. That makes it work
// on Windows too, where commands are `.cmd` files that need one.

import { spawn } from "node:child_process";
import { sanitize } from "../sanitized-text.js";
import { exitCodeOf } from "./exit-codes.js";

/**
 * @param {string} script
 * @param {string[]} args
 * @param {object} how
 * @param {string} how.root
 * @param {Record<string, string>} how.variables on top of this process's
 * @param {boolean} how.isQuiet whether standard output is not the command's to write to
 * @param {import("./interrupt.js").Interrupt} how.interrupt
 * @returns {Promise<number>}
 */
export function runCommand(script, args, { root, variables, isQuiet, interrupt }) {
  return new Promise((resolve, reject) => {
    if (interrupt.received !== undefined) return resolve(exitCodeOf(interrupt.received));
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      env: { ...process.env, ...variables },
      stdio: ["inherit", isQuiet ? 2 : "inherit", "inherit"],
    });
    // Of Ctrl-C a terminal tells the whole group; anybody else tells only us.
    const pass = () => {
      const isTold = process.stdin.isTTY && interrupt.received === "SIGINT";
      if (!isTold) child.kill(interrupt.received);
    };
    interrupt.signal.addEventListener("abort", pass);
    child.on("error", (cause) => {
      interrupt.signal.removeEventListener("abort", pass);
      const message = `cannot start ${script}: ${sanitize(cause.message)}`;
      reject(Object.assign(new Error(message, { cause }), { code: "COMMAND_NOT_STARTED" }));
    });
    child.once("close", (code, signal) => {
      interrupt.signal.removeEventListener("abort", pass);
      resolve(code ?? (signal === null ? 1 : exitCodeOf(signal)));
    });
  });
}
