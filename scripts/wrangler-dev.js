// Runs a built Worker in real workerd under the project's own `wrangler dev`.
//
// `wrangler dev` starts processes that may outlive it, so the whole group is killed at the end.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { findWrangler } from "../lib/wrangler/installed-wrangler.js";

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * @typedef {object} DevWorker
 * @property {string} url without a slash at the end
 * @property {() => Promise<void>} stop
 */

/**
 * Starts `wrangler dev` and waits until it is ready.
 * @param {object} options
 * @param {string} options.root the project
 * @param {string} options.persistTo
 * @returns {Promise<DevWorker>}
 */
export async function startWranglerDev({ root, persistTo }) {
  const wrangler = await findWrangler(root);
  if (wrangler === undefined) throw new Error(`wrangler is not installed in ${root}`);
  const port = await freePort();
  const args = ["dev", "--port", String(port), "--inspector-port", "0", "--persist-to", persistTo];
  const child = spawn(process.execPath, [wrangler.script, ...args], {
    cwd: root,
    // A process group of its own, to be ended as a whole.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf-8").on("data", (text) => (output += text));
  }
  const stop = () => endGroup(/** @type {number} */ (child.pid));
  const endNow = () => signalGroup(/** @type {number} */ (child.pid), "SIGKILL");
  process.once("exit", endNow);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!output.includes("Ready on")) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`wrangler dev did not start in ${root}:\n${output.slice(-4000)}`);
    }
    await sleep(100);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await stop();
      process.removeListener("exit", endNow);
    },
  };
}

/** @param {number} group */
async function endGroup(group) {
  signalGroup(group, "SIGTERM");
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (signalGroup(group, 0)) {
    if (Date.now() > deadline) signalGroup(group, "SIGKILL");
    await sleep(50);
  }
}

/**
 * @param {number} group
 * @param {NodeJS.Signals | 0} signal
 * @returns {boolean} whether anybody was there to get it
 */
function signalGroup(group, signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
