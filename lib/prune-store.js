// Deletes the entries of old builds from a store that is not Workers KV.

import { signalOf } from "./abort.js";
import { askSite } from "./live-build.js";
import { withListedStore } from "./listed-store.js";
import { PRUNE } from "./native-calls.js";
import { runForProject } from "./project.js";

/** No API tells what a site runs that is not a Worker. */
const NO_SITE = "only the site itself shows it; name the site with --url";

/**
 * @param {import("../index.js").ProjectPruneOptions & { root: string }} options with a store
 * @returns {Promise<import("../index.js").PruneResult>}
 */
export async function pruneStore(options) {
  const { url, ...rest } = options;
  const store = withListedStore(rest);
  const signal = signalOf(options.signal);
  const evidence = url === undefined ? { problem: NO_SITE } : await askSite(url, signal);
  const { problem, ...shown } = evidence;
  const result = await runForProject(PRUNE, { ...store, ...shown });
  if (result.skippedCode === "live-build-unknown" && problem !== undefined) {
    result.skipped = `the live build is unknown: ${problem}`;
  }
  return result;
}
