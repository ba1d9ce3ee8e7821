// Runs the local KV API in its own process during seeding.
//
// Large bodies block its event loop for seconds, and Miniflare ends its process on a signal:
// neither must affect cancelling the seeding process. workerd's output is captured, not shown.

import { fileURLToPath } from "node:url";
import { abortError, whenAborted } from "../abort.js";
import { sanitize } from "../sanitized-text.js";
import { endScript, spawnScript, tail } from "../script.js";
import { withoutSecrets } from "../secrets.js";

const SERVER = fileURLToPath(new URL("./server-process.js", import.meta.url));

/** How long it may take to start and to stop. workerd takes a second, on a busy machine more. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

/** How the operating system, SQLite and workerd report a full disk or an exhausted quota. */
const NO_SPACE =
  /No space left on device|not enough space|Disk quota exceeded|SQLITE_FULL|disk is full/iu;

/**
 * @typedef {object} ApiProcess
 * @property {string} baseUrl
 * @property {() => Promise<void>} close when all is written
 * @property {() => void} kill at once
 */

/**
 * @param {import("./server.js").LocalApiOptions} options
 * @param {object} how
 * @param {AbortSignal} [how.signal]
 * @param {() => void} how.onNoSpace called when its disk has no space left
 * @returns {Promise<ApiProcess>}
 */
export async function startLocalApiProcess(options, { signal, onNoSpace }) {
  const how = { cwd: process.cwd(), env: withoutSecrets(process.env), isAsked: true };
  const child = spawnScript(SERVER, [], how);
  const output = tail(child.stderr);
  child.stdout?.resume();
  child.stderr?.on("data", (chunk) => {
    if (NO_SPACE.test(String(chunk))) onNoSpace();
  });
  const ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  const kill = () => endScript(child);
  let stopWaiting = () => {};
  try {
    const baseUrl = await new Promise((resolve, reject) => {
      const fail = (/** @type {string} */ why) => reject(new Error(why));
      const stopListening = whenAborted(signal, reject);
      const tooLong = () => fail(`it took longer than ${START_TIMEOUT_MS / 1000} s to start`);
      const timer = setTimeout(tooLong, START_TIMEOUT_MS);
      stopWaiting = () => {
        clearTimeout(timer);
        stopListening();
      };
      child.once("message", (/** @type {any} */ { baseUrl: url, error }) => {
        if (url === undefined) fail(error);
        else resolve(url);
      });
      child.on("error", (error) => fail(sanitize(error.message)));
      child.once("exit", (code) => fail(`it ended with ${code}: ${sanitize(output())}`));
      child.send?.(options, (error) => error && fail(sanitize(error.message)));
    });
    if (signal?.aborted) throw abortError(signal);
    return {
      baseUrl,
      kill,
      async close() {
        const timer = setTimeout(kill, STOP_TIMEOUT_MS);
        child.disconnect();
        await ended;
        clearTimeout(timer);
        kill();
      },
    };
  } catch (error) {
    kill();
    throw error;
  } finally {
    stopWaiting();
  }
}
