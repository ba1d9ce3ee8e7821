// Completes the addon's options from the project: the installed runtime, the KV adapter's options,
// and reasons not to seed. If the caller passes `runtime`, the installed code is not read.

import { existsSync } from "node:fs";
import path from "node:path";
import { signalOf } from "./abort.js";
import { settleAdapterOptions } from "./adapter-options.js";
import { examineBuild, inspectWorker } from "./binding.js";
import { readCacheConfig } from "./cache-config.js";
import { findRuntime } from "./runtime.js";
import { selfCheck } from "./self-check.js";

/**
 * The options that determine what is seeded.
 * @typedef {import("../index.js").PlanOptions} BuildOptions
 */

/**
 * Why a run does nothing.
 * @typedef {{ code: string, reason: string }} Skip
 */

/**
 * @typedef {object} Known
 * @property {import("./cache-config.js").CacheConfig} [cacheConfig] what the Vite configuration says, if it has
 *   been read already
 * @property {Skip} [skip] a reason to do nothing; what the build itself shows comes first
 */

/**
 * Calls a function of the addon with options from the project, unless there is a reason not to.
 * @template {BuildOptions} Options
 * @template {{ warnings: string[] }} Result
 * @param {import("./native-calls.js").NativeCall<Options, Result>} native
 * @param {Options} options
 * @param {Known} [known]
 * @returns {Promise<Result>}
 */
export async function runForProject(native, options, { cacheConfig: known, skip } = {}) {
  const { root } = options;
  // With a build id of the caller's own, no build is looked at.
  const { buildId } = /** @type {{ buildId?: string }} */ (options);
  if (buildId !== undefined || !hasManifest(root)) return runUnless(skip, native, options);
  if (options.runtime !== undefined) return runForNamed(native, options, { known, skip });
  const signal = signalOf(options.signal);
  const runtime = await findRuntime(root, signal);
  if (runtime === undefined) return runUnless(skip, native, options);

  const { viteConfig, selfCheck: isChecked = true } = options;
  const [config, check, worker] = await Promise.all([
    viteConfig === false ? undefined : (known ?? readCacheConfig({ ...options, signal })),
    isChecked ? selfCheck(runtime, signal) : undefined,
    inspectWorker(root),
  ]);
  const vinext = runtime.versions.vinext;
  const adapter = isForStore(options)
    ? { appPrefix: options.appPrefix, ttlSeconds: options.ttlSeconds }
    : settleAdapterOptions({ worker, config, vinext, given: options });
  const result = await runUnless(
    skipForRuntime(runtime, pointlessFor(options, config), check?.difference) ??
      adapter.skip ??
      skip,
    native,
    {
      ...options,
      runtime: runtime.versions,
      appPrefix: adapter.appPrefix,
      ttlSeconds: adapter.ttlSeconds,
    },
  );
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
 * @template {{ warnings: string[] }} Result
 * @param {import("./native-calls.js").NativeCall<Options, Result>} native
 * @param {Options} options
 * @param {{ known?: import("./cache-config.js").CacheConfig, skip?: Skip }} known
 * @returns {Promise<Result>}
 */
async function runForNamed(native, options, { known, skip }) {
  if (known === undefined) return runUnless(skip, native, options);
  if (isForStore(options)) {
    return runUnless(skipForConfig(pointlessFor(options, known)) ?? skip, native, options);
  }
  const worker = await inspectWorker(options.root);
  const vinext = options.runtime?.vinext ?? "";
  const adapter = settleAdapterOptions({ worker, config: known, vinext, given: options });
  return runUnless(skipForConfig(known) ?? adapter.skip ?? skip, native, {
    ...options,
    appPrefix: adapter.appPrefix,
    ttlSeconds: adapter.ttlSeconds,
  });
}

/**
 * Calls a function of the addon, or returns a result that says why not. If the build cannot be seeded anyway, that
 * reason is given instead.
 * @template {BuildOptions} Options
 * @template Result
 * @param {Skip | undefined} skip
 * @param {import("./native-calls.js").NativeCall<Options, Result>} native
 * @param {Options} options
 * @returns {Promise<Result>}
 */
async function runUnless(skip, native, options) {
  if (skip === undefined) return native.call(options);
  const findings = await examine(options);
  const { skipped = skip.reason, skippedCode = skip.code } = findings;
  return native.skipped({ ...findings, skipped, skippedCode });
}

/**
 * Whether a build can be seeded at all, as far as its manifest and its runtime show.
 * @param {Pick<BuildOptions, "root" | "runtime" | "allowUnprovenRoutes" | "signal"> & { pages?: unknown }} options
 * @returns {Promise<import("../index.js").BuildFindings>}
 */
export function examine({ root, runtime, allowUnprovenRoutes, signal, pages }) {
  // Who passes in pages guarantees that they are the same for every visitor.
  const isAllowed = allowUnprovenRoutes === true || pages !== undefined;
  return examineBuild({ root, runtime, allowUnprovenRoutes: isAllowed, signal });
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
  return store !== undefined;
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
function skipForConfig(config) {
  return config?.kind === "pointless" ? { code: config.code, reason: config.reason } : undefined;
}

/**
 * @param {import("./runtime.js").InstalledRuntime} runtime
 * @param {import("./cache-config.js").CacheConfig | undefined} config
 * @param {import("./self-check.js").Difference | undefined} difference
 * @returns {Skip | undefined}
 */
function skipForRuntime(runtime, config, difference) {
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
  const pointless = skipForConfig(config);
  if (pointless !== undefined) return pointless;
  // From 0.1.1 to 0.2.1 this had the same effect as configuring `cache.cdn`.
  const detectsCdn = /^0\.[12]\./u.test(runtime.versions.vinext);
  if (detectsCdn && process.env.VINEXT_CDN_CACHE_AUTO_DETECT === "1") {
    const reason = "VINEXT_CDN_CACHE_AUTO_DETECT is set, so the Worker may leave pages to the CDN";
    return { code: "cdn-cache-configured", reason };
  }
  return undefined;
}
