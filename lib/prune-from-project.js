// `pruneFromProject`: deletes the entries of builds that are no longer live.

import path from "node:path";
import { checkOptions } from "./options/check.js";
import { prerenderHint } from "./prerender-hint.js";
import { hasManifest } from "./project.js";
import { pruneKvCache } from "./prune-kv-cache.js";
import { pruneStore } from "./prune-store.js";
import { expectSiteUrl } from "./site-url.js";
import { readStore } from "./store.js";
import { targetOfProject } from "./wrangler/of-project.js";

/** @typedef {import("../index.js").PruneResult} PruneResult */

/**
 * @param {import("../index.js").ProjectPruneOptions} [options]
 * @returns {Promise<PruneResult>}
 */
export async function pruneFromProject(options) {
  try {
    return await prune(checkOptions("pruneFromProject", options ?? {}));
  } catch (error) {
    const { code, message = String(error) } = /** @type {any} */ (error ?? {});
    if (code === "INVALID_OPTION") throw error;
    const failure = { code: typeof code === "string" ? code : "UNKNOWN", message };
    return { failure, warnings: [] };
  }
}

/**
 * @param {import("../index.js").ProjectPruneOptions} options
 * @returns {Promise<PruneResult>}
 */
async function prune(options) {
  const root = path.resolve(options.root ?? ".");
  const { signal } = options;
  expectSiteUrl(options.url);
  const store = options.store ?? undefined;
  const shown = store === undefined ? undefined : readStore(store, root).shown;
  if (!hasManifest(root)) {
    const detail = await prerenderHint(root, signal);
    const reason =
      `there is no build in ${root}, so its keys and build id are unknown; ` +
      "build with pre-rendering, then prune";
    return {
      skipped: detail === undefined ? reason : `${reason} (${detail})`,
      skippedCode: "no-manifest",
      warnings: [],
    };
  }
  if (shown !== undefined) {
    const result = await pruneStore({ ...options, root });
    return { ...result, target: { store: shown } };
  }
  const { cacheConfig, target } = await targetOfProject({ ...options, root });
  if ("code" in target) return { skipped: target.reason, skippedCode: target.code, warnings: [] };
  if (!("apiToken" in target)) throw new Error("a local namespace cannot be pruned");
  const { accountId, namespaceId, apiToken, apiBaseUrl, workerName } = target;
  const { binding, configPath, tokenSource } = target;
  const found = { root, accountId, namespaceId, apiToken, apiBaseUrl, workerName };
  const result = await pruneKvCache({ ...options, ...found }, { cacheConfig, tokenSource });
  return { ...result, target: { accountId, namespaceId, binding, configPath } };
}
