// Runs a project's own command in the foreground, with this Node and without a shell. That makes it work
// on Windows too, where commands are `.cmd` files that need one.

import { spawn } from "node:child_process";
import { sanitize } from "../sanitized-text.js";
import { exitCodeOf } from "./exit-codes.js";

/** How long to wait for the output of a command that has ended. */
const LAST_WORDS_MS = 2_000;

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
    const { stdout, stderr } = process;
    const out = isQuiet ? stderr : stdout;
    /** @type {import("node:child_process").StdioOptions} */
    const stdio = ["inherit", forCommand(out, isQuiet ? 2 : 1), forCommand(stderr, 2)];
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      env: { ...process.env, ...variables },
      stdio,
    });
    relay(child.stdout, out);
    relay(child.stderr, stderr);
    // On Ctrl-C a terminal signals the whole group; other senders signal only this process.
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
    child.once("exit", (code, signal) => {
      interrupt.signal.removeEventListener("abort", pass);
      const end = () => resolve(code ?? (signal === null ? 1 : exitCodeOf(signal)));
      // Processes that the command has left behind may hold its output open.
      const waiting = setTimeout(end, LAST_WORDS_MS);
      child.once("close", () => {
        clearTimeout(waiting);
        end();
      });
    });
  });
}

/**
 * On a terminal the command inherits the output. Anything else may be full or closed, which would
 * end a deploy halfway, so its output is piped through this process.
 * @param {NodeJS.WriteStream} stream
 * @param {number} descriptor
 */
function forCommand(stream, descriptor) {
  return stream.isTTY ? descriptor : "pipe";
}

/**
 * Passes on what a command prints until the reader is gone.
 * @param {import("node:stream").Readable | null} from
 * @param {NodeJS.WriteStream} to
 */
function relay(from, to) {
  from?.on("data", (chunk) => {
    if (to.destroyed || to.write(chunk)) return;
    from.pause();
    const go = () => {
      to.off("drain", go).off("close", go);
      from.resume();
    };
    to.on("drain", go).on("close", go);
  });
}
