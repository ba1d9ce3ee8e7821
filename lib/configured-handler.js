// A project's own cache handler, loaded and called in a separate process.
//
// Invariants: whatever the handler does (throw, hang, loop, end its process), each call settles within its
// time, and the process ends with `end`, with the signal, or with this process.

import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { lastLine } from "./reader.js";
import { sanitize } from "./sanitized-text.js";
import { endScript, spawnScript, tail } from "./script.js";
import { scrub, scrubGiven, withoutSecrets } from "./secrets.js";

const SCRIPT = fileURLToPath(new URL("./configured-handler-process.js", import.meta.url));

/** How long loading may take, in milliseconds: as long as reading a Vite configuration. */
const LOAD_MS = 120_000;

/** How long a process may take to answer that it is there, in milliseconds. */
const PING_MS = 2_000;

/** How long a handler may take to close, in milliseconds. */
const CLOSE_MS = 10_000;

/** @typedef {import("../index.js").NativeSetOutcome} NativeSetOutcome */

/**
 * @typedef {object} ConfiguredHandler
 * @property {(entry: import("../index.js").NativeEntry) => Promise<NativeSetOutcome>} set loads the
 *   handler when it is first called; never rejects
 * @property {() => Promise<string | undefined>} end lets the handler close; what was wrong with that
 * @property {() => void} kill
 */

/**
 * @param {import("./configured-handler-process.js").HandlerRequest} request
 * @param {object} how
 * @param {Record<string, string | undefined>} how.env what the handler gets as its environment
 * @param {number} how.setMs how long a call may take, in milliseconds
 * @param {number} [how.loadMs] how long loading may take, in milliseconds
 * @returns {ConfiguredHandler}
 */
export function configuredHandler(request, { env, setMs, loadMs = LOAD_MS }) {
  /** @type {ReturnType<typeof startProcess> | undefined} */
  let started;
  const start = () => (started ??= startProcess(request, env, loadMs));
  return {
    async set(entry) {
      const { ready, call, isThere } = start();
      const unavailable = await ready;
      if (unavailable !== undefined) return { unavailable };
      const outcome = await within(setMs, call(entry));
      if (outcome !== undefined) return outcome;
      return (await isThere()) ? { timedOutAfterMs: setMs } : { busyForMs: setMs };
    },
    async end() {
      if (started === undefined || (await started.ready) !== undefined) return undefined;
      const { failure, gone } = (await within(CLOSE_MS, started.call({ end: true }))) ?? {
        failure: `it took longer than ${CLOSE_MS / 1000} s`,
      };
      return failure ?? gone;
    },
    kill: () => started?.kill(),
  };
}

/**
 * @param {import("./configured-handler-process.js").HandlerRequest} request
 * @param {Record<string, string | undefined>} env
 * @param {number} loadMs
 */
function startProcess(request, env, loadMs) {
  const own = withoutSecrets(env);
  const child = spawnScript(SCRIPT, [JSON.stringify(request)], {
    cwd: path.resolve(request.root),
    env: own,
    isAsked: true,
    serialization: "advanced",
  });
  const output = [tail(child.stderr), tail(child.stdout)];
  /** @type {Map<number | "ping" | "end", (answer: any) => void>} */
  const waiting = new Map();
  /** @type {string | undefined} */
  let gone;
  let calls = 0;
  /** @type {Promise<boolean> | undefined} */
  let pinging;
  /** @type {(unavailable: string | undefined) => void} */
  let loaded = () => {};
  /** @type {Promise<string | undefined>} */
  const ready = new Promise((resolve) => (loaded = resolve));
  const timer = setTimeout(() => {
    loaded(`it took longer than ${loadMs / 1000} s`);
    kill();
  }, loadMs);
  void ready.then(() => clearTimeout(timer));

  /** @param {string} how the rest of a sentence that begins with "its process" */
  const leave = (how) => {
    if (gone !== undefined) return;
    const line = output.map((stream) => lastLine(stream())).find((text) => text !== "");
    const words = line === undefined ? "" : `; the last line of its output: ${line}`;
    gone = scrubGiven(scrub(`its process ${how}${words}`, env, process.env), own);
    loaded(gone);
    for (const settle of waiting.values()) settle({ gone });
    waiting.clear();
  };
  const kill = () => {
    leave("was ended");
    endScript(child);
  };
  /**
   * @param {number | "ping" | "end"} id
   * @param {object} message
   * @returns {Promise<any>}
   */
  const ask = (id, message) =>
    new Promise((resolve) => {
      if (gone !== undefined) return resolve({ gone });
      waiting.set(id, resolve);
      // What cannot be sent any more, the end of the process answers.
      child.send?.(message, () => {});
    });

  child.on("error", (error) => leave(`could not be started: ${sanitize(error.message)}`));
  child.once("exit", (code, signal) =>
    // Its last words may still be on their way.
    setImmediate(() => leave(signal === null ? `ended with ${code}` : `was ended by ${signal}`)),
  );
  child.on(
    "message",
    (/** @type {any} */ { ready: isReady, unavailable, id, pong, ended, failure }) => {
      if (isReady) return loaded(undefined);
      if (unavailable !== undefined) return loaded(unavailable);
      const key = pong ? "ping" : ended ? "end" : id;
      waiting.get(key)?.(failure === undefined ? {} : { failure });
      waiting.delete(key);
    },
  );

  return {
    ready,
    kill,
    /** @param {object} message an entry, or `{ end: true }` */
    call(message) {
      if ("end" in message) return ask("end", message);
      const id = ++calls;
      return ask(id, { id, ...message });
    },
    isThere() {
      // Calls that time out together ask once.
      pinging ??= within(PING_MS, ask("ping", { ping: true })).then((answer) => {
        pinging = undefined;
        return answer !== undefined;
      });
      return pinging;
    },
  };
}

/**
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} promise one that never rejects
 * @returns {Promise<T | undefined>} nothing if it takes longer
 */
async function within(milliseconds, promise) {
  const giveUp = new AbortController();
  try {
    const timeout = sleep(milliseconds, undefined, { signal: giveUp.signal }).catch(
      () => undefined,
    );
    return await Promise.race([promise, timeout]);
  } finally {
    giveUp.abort();
  }
}
