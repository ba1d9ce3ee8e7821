// Completes the addon's options from the project: the installed runtime, the KV adapter's options,
// and reasons not to seed. If the caller passes `runtime`, the installed code is not read.

import { existsSync } from "node:fs";
import path from "node:path";
import { signalOf } from "./abort.js";
import { settleAdapterOptions } from "./adapter-options.js";
import { inspectWorker } from "./binding.js";
import { readCacheConfig } from "./cache-config.js";
import { findRuntime } from "./runtime.js";
import { selfCheck } from "./self-check.js";

/**
 * The options that determine what is seeded.
 * @typedef {import("../index.js").PlanOptions} BuildOptions
 */

/**
 * Calls a function of the addon with options from the project.
 * @template {BuildOptions} Options
 * @template {{ warnings: string[] }} Result
 * @param {(options: Options) => Promise<Result>} native
 * @param {Options} options
 * @param {import("./cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @returns {Promise<Result>}
 */
export async function runForProject(native, options, known) {
  const root = options?.root;
  const isForProject = typeof root === "string" && root !== "";
  // With a build id of the caller's own, no build is looked at.
  const { buildId } = /** @type {{ buildId?: unknown }} */ (options ?? {});
  const isOtherSite = (buildId ?? undefined) !== undefined;
  if (!isForProject || isOtherSite || !hasManifest(root)) return native(options);
  const named = options.runtime ?? undefined;
  if (named !== undefined) return runForNamed(native, options, named, known);
  const signal = signalOf(options.signal);
  const runtime = await findRuntime(root, signal);
  if (runtime === undefined) return native(options);

  const { viteConfig, selfCheck: isChecked = true } = options;
  const [config, check, worker] = await Promise.all([
    viteConfig === false ? undefined : (known ?? readCacheConfig({ ...options, signal })),
    isChecked ? selfCheck(runtime, signal) : undefined,
    inspectWorker(root),
  ]);
  const vinext = runtime.versions.vinext;
  const adapter = isForStore(options)
    ? { appPrefix: options.appPrefix ?? undefined, ttlSeconds: options.ttlSeconds ?? undefined }
    : settleAdapterOptions({ worker, config, vinext, given: options });
  const result = await native({
    ...options,
    runtime: runtime.versions,
    appPrefix: adapter.appPrefix,
    ttlSeconds: adapter.ttlSeconds,
    refusal:
      refusalOf(runtime, pointlessFor(options, config), check?.difference) ??
      adapter.refusal ??
      options.refusal,
  });
  if (check?.problem !== undefined) {
    const what = "the installed vinext's own key functions were not compared with this package's";
    result.warnings.push(`${what}: ${check.problem}`);
  }
  return result;
}

/**
 * Calls a function of the addon for a `runtime` that the caller passes, which takes precedence over
 * the project.
 * @template {BuildOptions} Options
 * @template Result
 * @param {(options: Options) => Promise<Result>} native
 * @param {Options} options
 * @param {import("../index.js").RuntimeVersions} runtime
 * @param {import("./cache-config.js").CacheConfig} [known]
 * @returns {Promise<Result>}
 */
async function runForNamed(native, options, runtime, known) {
  if (known === undefined || typeof runtime.vinext !== "string") return native(options);
  if (isForStore(options)) {
    const refusal = refusalOfConfig(pointlessFor(options, known)) ?? options.refusal;
    return native({ ...options, refusal });
  }
  const worker = await inspectWorker(options.root);
  const vinext = runtime.vinext;
  const adapter = settleAdapterOptions({ worker, config: known, vinext, given: options });
  return native({
    ...options,
    appPrefix: adapter.appPrefix,
    ttlSeconds: adapter.ttlSeconds,
    refusal: refusalOfConfig(known) ?? adapter.refusal ?? options.refusal,
  });
}

/**
 * Whether the build has listed its pre-rendered pages.
 * @param {string} root
 */
export function hasManifest(root) {
  return existsSync(path.join(root, "dist", "server", "vinext-prerender.json"));
}

/**
 * Whether entries go to a store other than Workers KV, to which the KV adapter does not apply.
 * @param {{ store?: unknown }} options
 */
function isForStore({ store }) {
  return (store ?? undefined) !== undefined;
}

/**
 * Why the configuration makes seeding pointless; never for stores other than KV.
 * @param {{ store?: unknown }} options
 * @param {import("./cache-config.js").CacheConfig} [config]
 */
function pointlessFor(options, config) {
  if (config?.kind !== "pointless" || !isForStore(options)) return config;
  return config.code === "data-adapter-is-not-kv" ? undefined : config;
}

/** @param {import("./cache-config.js").CacheConfig} [config] */
function refusalOfConfig(config) {
  return config?.kind === "pointless" ? { code: config.code, reason: config.reason } : undefined;
}

/**
 * @param {import("./runtime.js").InstalledRuntime} runtime
 * @param {import("./cache-config.js").CacheConfig | undefined} config
 * @param {import("./self-check.js").Difference | undefined} difference
 * @returns {{ code: string, reason: string } | undefined}
 */
function refusalOf(runtime, config, difference) {
  if (difference !== undefined) {
    const { path: pathname, ours, theirs } = difference;
    return {
      code: "self-check-failed",
      reason:
        `the installed vinext looks for ${JSON.stringify(pathname)} under ${JSON.stringify(theirs)}, ` +
        `but the seeder would write it under ${JSON.stringify(ours)}; nothing is ` +
        `written, because it would never be read`,
    };
  }
  const pointless = refusalOfConfig(config);
  if (pointless !== undefined) return pointless;
  // From 0.1.1 to 0.2.1 this had the same effect as configuring `cache.cdn`.
  const detectsCdn = /^0\.[12]\./u.test(runtime.versions.vinext);
  if (detectsCdn && process.env.VINEXT_CDN_CACHE_AUTO_DETECT === "1") {
    const reason = "VINEXT_CDN_CACHE_AUTO_DETECT is set, so the Worker may leave pages to the CDN";
    return { code: "cdn-cache-configured", reason };
  }
  return undefined;
}
