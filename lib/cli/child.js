// A project's own command, in the foreground.
//
// In: its script and arguments. Out: its exit code.
// Never: a shell. Scripts are run with this Node, which is also what makes it work on Windows, where
// commands are `.cmd` files that need one.

import { spawn } from "node:child_process";
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
    child.once("error", reject);
    child.once("close", (code, signal) => {
      interrupt.signal.removeEventListener("abort", pass);
      resolve(code ?? (signal === null ? 1 : exitCodeOf(signal)));
    });
  });
}
