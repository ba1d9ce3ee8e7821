// `pruneKvCache`: deletes the entries of old builds from a given namespace.

import { askSite, readDeployedWorker } from "./live-build.js";
import { PRUNE } from "./native-calls.js";
import { checkOptions } from "./options/check.js";
import { runForProject } from "./project.js";
import { expectSiteUrl } from "./site-url.js";

/** Cloudflare's API, as the engine's `DEFAULT_API_BASE`. */
const DEFAULT_API_BASE_URL = "https://api.cloudflare.com/client/v4";

/** The name of the token's option. */
const TOKEN_OPTION = "apiToken";

/**
 * @param {import("../index.js").PruneOptions} options
 * @param {object} [known] what is known of the project already
 * @param {import("./cache-config.js").CacheConfig} [known.cacheConfig] what the Vite configuration says
 * @param {string} [known.tokenSource] where the token is from, for messages
 * @returns {Promise<import("../index.js").PruneResult>}
 */
export async function pruneKvCache(options, { cacheConfig, tokenSource = TOKEN_OPTION } = {}) {
  const checked = checkOptions("pruneKvCache", options);
  expectSiteUrl(checked.url);
  const evidence = await evidenceOf(checked, tokenSource);
  const result = await runForProject(
    PRUNE,
    { ...checked, workerCode: evidence.workerCode, siteAnswers: evidence.siteAnswers },
    { cacheConfig },
  );
  if (result.skippedCode === "live-build-unknown" && evidence.problem !== undefined) {
    result.skipped = `the live build is unknown: ${evidence.problem}`;
  }
  return result;
}

/**
 * @param {import("../index.js").PruneOptions} options
 * @param {string} tokenSource
 * @returns {Promise<import("./live-build.js").Evidence>}
 */
async function evidenceOf({ url, workerName, dispatchNamespace, ...options }, tokenSource) {
  const { accountId, apiToken, apiBaseUrl = DEFAULT_API_BASE_URL, signal } = options;
  if (url !== undefined) return askSite(url, signal);
  const worker = { workerName, accountId, apiToken, apiBaseUrl, tokenSource };
  return readDeployedWorker(worker, dispatchNamespace, signal);
}
