// `pruneKvCache`: deletes the entries of old builds from a namespace that the caller names.

import { signalOf } from "./abort.js";
import { pruneKvEntries } from "./binding.js";
import { askSite, checkSiteUrl, readDeployedWorker } from "./live-build.js";
import { runForProject } from "./project.js";

/** Cloudflare's API, as the engine's `DEFAULT_API_BASE`. */
const DEFAULT_API_BASE_URL = "https://api.cloudflare.com/client/v4";

/** @typedef {import("./cache-config.js").CacheConfig} CacheConfig */

/**
 * @param {import("../index.js").PruneOptions} options
 * @param {CacheConfig} [known] what the Vite configuration says, if it has been read already
 * @returns {Promise<import("../index.js").PruneResult>}
 */
export async function pruneKvCache(options, known) {
  checkSiteUrl(options?.url);
  const evidence = await evidenceOf(options ?? {});
  const result = await runForProject(
    pruneKvEntries,
    { ...options, workerCode: evidence.workerCode, siteAnswers: evidence.siteAnswers },
    known,
  );
  if (result.skippedCode === "live-build-unknown" && evidence.problem !== undefined) {
    result.skipped = `it is not known which build is live: ${evidence.problem}`;
  }
  return result;
}

/**
 * @param {import("../index.js").PruneOptions} options
 * @returns {Promise<import("./live-build.js").Evidence>}
 */
async function evidenceOf({ url, workerName, dispatchNamespace, ...options }) {
  const { accountId, apiToken, apiBaseUrl = DEFAULT_API_BASE_URL } = options;
  const signal = signalOf(options.signal);
  if (url !== undefined) return askSite(url, signal);
  // The engine rejects options that are missing, with a message that names them.
  if (!isText(accountId) || !isText(apiToken) || !isText(apiBaseUrl)) return {};
  const worker = { workerName, accountId, apiToken, apiBaseUrl, tokenSource: "apiToken" };
  return readDeployedWorker(worker, dispatchNamespace, signal);
}

/** @param {unknown} value */
const isText = (value) => typeof value === "string" && value !== "";
