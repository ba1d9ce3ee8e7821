// Runs one contender (`ROOT API_BASE` or `ROOT STORE`) and prints how long its call took, module loading excluded.

import { monitorEventLoopDelay } from "node:perf_hooks";

/** How often the event loop is looked at, in milliseconds. */
const LOOK_MS = 1;

/** What the API calls them; the sink takes any. */
export const ACCOUNT_ID = "benchmark";
export const NAMESPACE_ID = "benchmark";

/** @typedef {{ root: string, apiBase: string, url: string, store: string }} Target */

/** @param {(target: Target) => Promise<void>} call */
export async function contend(call) {
  const [root = "", apiBase = ""] = process.argv.slice(2);
  const url = `${apiBase}/accounts/${ACCOUNT_ID}/storage/kv/namespaces/${NAMESPACE_ID}/bulk`;
  const delays = monitorEventLoopDelay({ resolution: LOOK_MS });
  delays.enable();
  const started = performance.now();
  await call({ root, apiBase, url, store: apiBase });
  const seconds = (performance.now() - started) / 1000;
  // A call that never lets go leaves no room for a look: the last one comes now.
  await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
  delays.disable();
  const blockedMs = Math.max(0, delays.max / 1e6 - LOOK_MS);
  console.log(JSON.stringify({ seconds, blockedMs }));
}
