// Runs a Node script with a time limit and bounded output; it can be cancelled, and its child
// processes end with it.

import { spawn } from "node:child_process";
import { whenAborted } from "./abort.js";
import { endTree, taskkillPath } from "./process-tree.js";
import { sanitize } from "./sanitized-text.js";

/**
 * How many bytes of each stream's end are kept. A token or a help text is a few kilobytes.
 */
const MAX_OUTPUT_BYTES = 256 * 1024;

/** How long other processes may hold the output of an ended script open, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * How a script ended.
 * @typedef {object} ScriptEnd
 * @property {unknown} [message] its message, if `isAsked`
 * @property {number | null} [code] its exit code
 * @property {string} [problem] why there is neither: the rest of a sentence that begins with "it"
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @param {string} script run with this Node and without a shell
 * @param {string[]} args
 * @param {object} how
 * @param {string} how.cwd
 * @param {NodeJS.ProcessEnv} how.env
 * @param {number} how.timeoutMs
 * @param {AbortSignal} [how.signal]
 * @param {boolean} [how.isAsked] whether it answers with one message, which ends it
 * @returns {Promise<ScriptEnd>} rejects only if the signal is aborted
 */
export function runScript(script, args, { cwd, env, timeoutMs, signal, isAsked = false }) {
  return new Promise((resolve, reject) => {
    /** @type {import("node:child_process").ChildProcess} */
    let child;
    try {
      child = spawnScript(script, args, { cwd, env, isAsked });
    } catch (error) {
      const problem = `could not be started: ${sanitize(/** @type {Error} */ (error).message)}`;
      return resolve({ problem, stdout: "", stderr: "" });
    }
    const stdout = tail(child.stdout);
    const stderr = tail(child.stderr);
    /** @type {ReturnType<typeof setTimeout>[]} */
    const timers = [];
    let stopListening = () => {};
    let isOver = false;

    const end = () => {
      isOver = true;
      for (const timer of timers) clearTimeout(timer);
      stopListening();
      endScript(child);
    };
    /** @param {Pick<ScriptEnd, "message" | "code" | "problem">} how */
    const settle = (how) => {
      if (isOver) return;
      end();
      resolve({ ...how, stdout: stdout(), stderr: stderr() });
    };

    // Without free descriptors there are no streams, only this event.
    child.on("error", (error) => settle({ problem: `could not be started: ${error.message}` }));
    child.once("message", (message) => settle({ message }));
    child.once("exit", (code, signalName) => {
      if (isOver) return;
      const how = signalName === null ? { code } : { problem: `was ended by ${signalName}` };
      const finish = () => settle(how);
      timers.push(setTimeout(finish, LAST_WORDS_MS));
      child.once("close", finish);
    });
    const tooLong = `took longer than ${timeoutMs / 1000} s`;
    timers.push(setTimeout(() => settle({ problem: tooLong }), timeoutMs));
    stopListening = whenAborted(signal, (error) => {
      end();
      reject(error);
    });
  });
}

/**
 * Starts a script in its own process group, so that it can be ended with all its children.
 * @param {string} script run with this Node and without a shell
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, isAsked?: boolean,
 *   serialization?: "json" | "advanced" }} how `isAsked`: whether it sends messages, and then ends when this
 *   process does (`lifeline.js`); `advanced` messages may have bytes
 */
export function spawnScript(script, args, { cwd, env, isAsked = false, serialization = "json" }) {
  const channels = isAsked ? /** @type {const} */ (["ipc", "pipe"]) : [];
  return spawn(process.execPath, [script, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe", ...channels],
    serialization,
    detached: process.platform !== "win32",
    windowsHide: true,
  });
}

/**
 * Keeps the end of a stream.
 * @param {import("node:stream").Readable | null} stream
 * @returns {() => string}
 */
export function tail(stream) {
  /** @type {Buffer[]} */
  let chunks = [];
  let bytes = 0;
  stream?.on("data", (/** @type {Buffer} */ chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    // Joined only at twice the needed size, so that each byte is copied about once.
    if (bytes <= 2 * MAX_OUTPUT_BYTES) return;
    chunks = [Buffer.concat(chunks).subarray(-MAX_OUTPUT_BYTES)];
    bytes = MAX_OUTPUT_BYTES;
  });
  stream?.on("error", () => {});
  return () => Buffer.concat(chunks).subarray(-MAX_OUTPUT_BYTES).toString("utf-8");
}

/**
 * Ends a script and everything it has started. On Windows, children of a script that has already
 * ended are not found.
 * @param {import("node:child_process").ChildProcess} child
 */
export function endScript(child) {
  const letGo = () => {
    // Processes that were not found may hold them open.
    for (const stream of child.stdio ?? []) stream?.destroy();
    if (child.connected) child.disconnect();
  };
  const taskkill = taskkillPath();
  // Windows reuses the id of an ended process; Unix does not while its group has members.
  const isGone = taskkill !== undefined && (child.exitCode ?? child.signalCode) !== null;
  if (child.pid === undefined || isGone) letGo();
  else endTree(child.pid, taskkill, letGo);
}
