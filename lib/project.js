// What a project says about how its pages are to be seeded.
//
// In: a caller's options. Out: the addon's options, completed; and what had to be assumed.
// Never: a rule about formats or requests, and nothing at all if the caller names the runtime
// itself: then its word counts, and the project is not looked at.

import { existsSync } from "node:fs";
import path from "node:path";
import { readCacheConfig } from "./cache-config.js";
import { findRuntime } from "./runtime.js";
import { selfCheck } from "./self-check.js";

/**
 * The options that say what is seeded.
 * @typedef {import("../index.js").PlanOptions} BuildOptions
 */

/**
 * Calls a function of the addon with what the project says.
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
  const isForProject =
    typeof root === "string" && root !== "" && (options.runtime ?? undefined) === undefined;
  if (!isForProject || !hasManifest(root)) return native(options);
  const runtime = findRuntime(root);
  if (runtime === undefined) return native(options);

  const { viteConfig, selfCheck: isChecked = true } = options;
  const [config, difference] = await Promise.all([
    viteConfig === false ? undefined : (known ?? readCacheConfig(root, viteConfig ?? undefined)),
    isChecked ? selfCheck(runtime) : undefined,
  ]);
  const adapter = config?.kind === "kv" ? config.options : {};
  const result = await native({
    ...options,
    runtime: runtime.versions,
    appPrefix: options.appPrefix ?? adapter.appPrefix,
    ttlSeconds: options.ttlSeconds ?? adapter.ttlSeconds,
    refusal: refusalOf(runtime, config, difference) ?? options.refusal,
  });
  if (config?.kind === "failed") {
    const assumed = "the defaults of the KV adapter are assumed";
    result.warnings.push(`the Vite configuration cannot be read, ${assumed}: ${config.reason}`);
  }
  return result;
}

/**
 * Whether the build has listed its pre-rendered pages.
 * @param {string} root
 */
export function hasManifest(root) {
  return existsSync(path.join(root, "dist", "server", "vinext-prerender.json"));
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
        `but would be given ${JSON.stringify(ours)}; nothing is written, because it would not be read`,
    };
  }
  if (config?.kind === "pointless") return { code: config.code, reason: config.reason };
  // From 0.1.1 to 0.2.1 this had the same effect as configuring `cache.cdn`.
  const detectsCdn = /^0\.[12]\./u.test(runtime.versions.vinext);
  if (detectsCdn && process.env.VINEXT_CDN_CACHE_AUTO_DETECT === "1") {
    const reason = "VINEXT_CDN_CACHE_AUTO_DETECT is set, so the Worker may leave pages to the CDN";
    return { code: "cdn-cache-configured", reason };
  }
  return undefined;
}
