// `pruneFromProject`: deletes the entries of builds that are no longer live.

import path from "node:path";
import { signalOf } from "./abort.js";
import { pruneKvEntries } from "./binding.js";
import { askSite, checkSiteUrl, readDeployedWorker } from "./live-build.js";
import { prerenderHint } from "./prerender-hint.js";
import { hasManifest, runForProject } from "./project.js";
import { targetOfProject } from "./wrangler/of-project.js";

/** @typedef {import("../index.js").PruneResult} PruneResult */

/**
 * @param {import("../index.js").ProjectPruneOptions} [options]
 * @returns {Promise<PruneResult>}
 */
export async function pruneFromProject(options) {
  try {
    return await prune(options ?? {});
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
  const { keep, olderThanSeconds, dryRun, maxDeletes, ...project } = options;
  const { url, dispatchNamespace, appPrefix, runtime, viteConfig, viteMode, env } = project;
  const root = path.resolve(project.root ?? ".");
  const signal = signalOf(project.signal);
  checkSiteUrl(url);
  if (!hasManifest(root)) {
    const detail = await prerenderHint(root, signal);
    const reason =
      `there is no build in ${root}, so that neither its keys nor its build id are known; build with ` +
      "pre-rendering, and prune then";
    return {
      skipped: detail === undefined ? reason : `${reason} (${detail})`,
      skippedCode: "no-manifest",
      warnings: [],
    };
  }
  const { cacheConfig, target } = await targetOfProject({ ...project, root, signal });
  if ("code" in target) return { skipped: target.reason, skippedCode: target.code, warnings: [] };
  if (!("apiToken" in target)) throw new Error("a local namespace is not pruned");
  const evidence =
    url === undefined
      ? await readDeployedWorker(target, dispatchNamespace, signal)
      : await askSite(url, signal);
  const { accountId, namespaceId, apiToken, apiBaseUrl, binding, configPath } = target;
  const result = await runForProject(
    pruneKvEntries,
    {
      root,
      appPrefix,
      runtime,
      viteConfig,
      viteMode,
      env,
      signal: project.signal,
      ...{ accountId, namespaceId, apiToken, apiBaseUrl },
      ...{ keep, olderThanSeconds, dryRun, maxDeletes },
      workerCode: evidence.workerCode,
      siteAnswers: evidence.siteAnswers,
    },
    cacheConfig,
  );
  if (result.skippedCode === "live-build-unknown" && evidence.problem !== undefined) {
    result.skipped = `it is not known which build is live: ${evidence.problem}`;
  }
  return { ...result, target: { accountId, namespaceId, binding, configPath } };
}
