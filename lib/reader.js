// A reader is a script of this package that runs a project's own code in a separate process and
// answers once.
//
// Invariants: whatever that code does (print, hang, start servers, end the process, change the
// environment), the parent process continues. A reader ends when it has answered, timed out or been
// cancelled, and when the parent has ended.

import { endWithAsker } from "./lifeline.js";
import { sanitize } from "./sanitized-text.js";
import { runScript } from "./script.js";
import { scrub, withoutSecrets } from "./secrets.js";

/** How long a reader may take. wrangler loads in a second, large Vite configurations in a few. */
const TIMEOUT_MS = 60_000;

/** How long a reader waits to be ended after its answer, in milliseconds. */
const LEFT_ALONE_MS = 10_000;

/** The longest answer, in characters of JSON. Configurations have a few kilobytes. */
const MAX_ANSWER_LENGTH = 16 * 1024 * 1024;

/**
 * Runs a reader. It gets no API tokens, and they are removed from its errors.
 * @param {string} script
 * @param {string[]} args
 * @param {{ cwd: string, env: Record<string, string | undefined>, signal?: AbortSignal,
 *   timeoutMs?: number }} place
 * @returns {Promise<{ found: any } | { error: string }>} rejects only if the signal is aborted
 */
export async function askReader(script, args, { cwd, env, signal, timeoutMs = TIMEOUT_MS }) {
  const isAsked = true;
  const how = { cwd, env: withoutSecrets(env), signal, timeoutMs, isAsked };
  const end = await runScript(script, args, how);
  const answer = /** @type {{ found: any } | { error: string } | undefined} */ (end.message);
  if (answer !== undefined && "found" in answer) return answer;
  const error = answer?.error ?? `it ${end.problem ?? `ended with ${end.code}`} and did not answer`;
  const said = answer === undefined ? lastLine(end.stderr) || lastLine(end.stdout) : "";
  const all = said === "" ? error : `${error}; the last line of its output: ${said}`;
  return { error: scrub(all, env, process.env) };
}

/**
 * @param {string} output
 * @returns {string} "" if there is none
 */
export function lastLine(output) {
  const lines = output.split("\n").map(sanitize);
  // For an uncaught error, Node prints its version last and the message before the stack.
  const thrown = lines.findLast((line) => /^(?:Uncaught )?\w*Error\b.*:/u.test(line));
  return thrown ?? lines.findLast((line) => line !== "") ?? "";
}

/**
 * Sends the reader's answer.
 * @param {(...args: string[]) => Promise<unknown>} read is given the reader's arguments
 */
export async function answerAsReader(read) {
  const send = takeChannel();
  const answer = await read(...process.argv.splice(2)).then(
    (found) => ({ found: found ?? null }),
    (error) => ({ error: String(error?.message ?? error) }),
  );
  const isTooLong = JSON.stringify(answer).length > MAX_ANSWER_LENGTH;
  const error = `its answer is longer than ${MAX_ANSWER_LENGTH} characters`;
  // The parent ends this process and everything it has started, which on Windows it finds only
  // while this process exists.
  send?.(isTooLong ? { error } : answer, () => setTimeout(process.exit, LEFT_ALONE_MS, 0));
}

/**
 * Takes the channel to the asking process, out of reach for the project's code, which could answer in its
 * place.
 */
export function takeChannel() {
  const send = /** @type {NodeJS.Process["send"]} */ (process.send)?.bind(process);
  // Node calls `disconnect` too.
  Object.assign(process, { send: undefined, disconnect() {} });
  endWithAsker();
  return send;
}
