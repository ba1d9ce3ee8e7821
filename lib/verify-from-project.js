// `verifyFromProject`: checks that seeded entries are stored and served.

import path from "node:path";
import { withListedStore } from "./listed-store.js";
import { SAMPLE } from "./native-calls.js";
import { checkOptions } from "./options/check.js";
import { hasManifest, runForProject } from "./project.js";
import { expectSiteUrl } from "./site-url.js";
import { pageOf } from "./verify/entry.js";
import { checkSite } from "./verify/site.js";
import { checkStored, fromNamespace, fromStore } from "./verify/stored.js";
import { ApiError } from "./wrangler/cloudflare-api.js";
import { targetOfProject } from "./wrangler/of-project.js";

/** @typedef {import("../index.js").VerifyResult} VerifyResult */

/**
 * @param {import("../index.js").ProjectVerifyOptions} [options]
 * @returns {Promise<VerifyResult>}
 */
export async function verifyFromProject(options) {
  try {
    return await verify(checkOptions("verifyFromProject", options ?? {}));
  } catch (error) {
    const { code, message = String(error) } = /** @type {any} */ (error ?? {});
    if (code === "INVALID_OPTION") throw error;
    const known = error instanceof ApiError ? "API_REFUSED" : "UNKNOWN";
    const failure = { code: typeof code === "string" ? code : known, message };
    return { isSound: false, failure, warnings: [] };
  }
}

/**
 * @param {import("../index.js").ProjectVerifyOptions} options
 * @returns {Promise<VerifyResult>}
 */
async function verify(options) {
  const { url, signal } = options;
  const root = path.resolve(options.root ?? ".");
  expectSiteUrl(url);
  const named =
    (options.store ?? undefined) === undefined ? undefined : withListedStore({ ...options, root });
  if (!hasManifest(root)) {
    const skipped = `there is no build in ${root} to compare with; build with pre-rendering first`;
    return { isSound: false, skipped, skippedCode: "no-manifest", warnings: [] };
  }
  const { cacheConfig, target } =
    named === undefined
      ? await targetOfProject({ ...options, root })
      : { cacheConfig: undefined, target: undefined };
  const taken = await runForProject(
    SAMPLE,
    { ...options, root, store: undefined, ...named },
    { cacheConfig },
  );
  const { entries, kvPairs, buildId = "", warnings, skipped, skippedCode } = taken;
  if (skipped !== undefined) return { isSound: false, skipped, skippedCode, warnings };
  const read = readerOf(named?.store, target, signal);
  const stored = read === undefined ? undefined : await checkStored(read, entries);
  if (stored === undefined && url === undefined) {
    const { reason, code } = /** @type {import("./wrangler/resolve.js").Missing} */ (target);
    return { isSound: false, skipped: reason, skippedCode: code, warnings };
  }
  const pages = entries.flatMap((entry) => pageOf(entry, buildId) ?? []);
  const site = url === undefined ? undefined : await checkSite(url, pages, signal);
  const problems = (stored?.problems.length ?? 0) + (site?.problems.length ?? 0);
  return {
    isSound: problems === 0,
    buildId,
    kvPairs,
    ...(stored === undefined ? {} : { stored }),
    ...(site === undefined ? {} : { site: { counts: site.counts, problems: site.problems } }),
    warnings: [...warnings, ...(site?.warnings ?? [])],
  };
}

/**
 * @param {import("../index.js").NativeStore | undefined} store
 * @param {import("./wrangler/of-project.js").ProjectTarget["target"] | undefined} target
 * @param {AbortSignal} [signal]
 */
function readerOf(store, target, signal) {
  if (store !== undefined) return fromStore(store, signal);
  return target !== undefined && "apiToken" in target ? fromNamespace(target, signal) : undefined;
}
