// Reads what a project's Vite configuration says about vinext's caches: the KV adapter's options, or
// what makes seeding pointless. A configuration that cannot be loaded is no failure.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { sanitize } from "./sanitized-text.js";
import { askReader } from "./reader.js";

/** The names Vite looks for, in its order. */
const CONFIG_FILES = ["js", "mjs", "ts", "cjs", "mts", "cts"].map((type) => `vite.config.${type}`);

/** The file behind the KV adapter, and its package's name for it. */
const KV_ADAPTER = /(?:^|[\\/])cache[\\/]kv-data-adapter(?:\.runtime(?:\.js)?)?$/u;

/** The mode of `vite build`, and of `vinext build`. */
const DEFAULT_MODE = "production";

/**
 * How long a configuration may take to load. Large ones take a few seconds, on a busy machine many
 * times that.
 */
const TIMEOUT_MS = 120_000;

const READER = fileURLToPath(new URL("./cache-config-reader.js", import.meta.url));

/**
 * @typedef {object} KvAdapterOptions
 * @property {string} [binding]
 * @property {string} [appPrefix]
 * @property {number} [ttlSeconds]
 */

/**
 * One of: nothing is known (no configuration, or of a version that does not expose it); the KV
 * adapter's options; why seeding KV would be pointless; why the configuration cannot be read.
 * @typedef {{ kind: "unknown" }
 *   | { kind: "kv", options: KvAdapterOptions }
 *   | { kind: "pointless", code: string, reason: string }
 *   | { kind: "failed", reason: string }} CacheConfig
 */

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string | false | null} [request.viteConfig] relative to `root`; default: the one that Vite
 *   finds
 * @param {string | null} [request.viteMode] the mode of the build; default: `production`
 * @param {string} [request.env] the environment that the build is for: builds get it as CLOUDFLARE_ENV,
 *   and configurations may go by it
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<CacheConfig>}
 */
export async function readCacheConfig({ root, viteConfig, viteMode, env, signal }) {
  const home = path.resolve(root);
  const named = viteConfig || undefined;
  const file = named ?? CONFIG_FILES.find((name) => existsSync(path.join(home, name)));
  if (file === undefined) return { kind: "unknown" };
  const variables = env === undefined ? {} : { CLOUDFLARE_ENV: env };
  const args = [home, path.resolve(home, file), viteMode ?? DEFAULT_MODE];
  const answer = await askReader(READER, args, {
    cwd: home,
    env: { ...process.env, ...variables },
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  if ("found" in answer) return classify(answer.found);
  return { kind: "failed", reason: `${file}: ${sanitize(answer.error)}` };
}

/**
 * @param {any} config what vinext's plugin carries since 1.0.0-beta.0
 * @returns {CacheConfig}
 */
export function classify(config) {
  if (config === null || typeof config !== "object") return { kind: "unknown" };
  if (config.cdn) {
    return {
      kind: "pointless",
      code: "cdn-cache-configured",
      reason:
        "`cache.cdn` is configured for vinext, so the Worker leaves pages to the CDN and does not " +
        "look for them in KV",
    };
  }
  const adapter = config.data?.adapter;
  if (adapter === undefined) return { kind: "unknown" };
  if (typeof adapter !== "string" || !KV_ADAPTER.test(adapter)) {
    return {
      kind: "pointless",
      code: "data-adapter-is-not-kv",
      reason: `\`cache.data\` of vinext is not the KV adapter but ${sanitize(adapter)}`,
    };
  }
  const { binding, appPrefix, ttlSeconds } = config.data.options ?? {};
  return {
    kind: "kv",
    options: {
      // The same values that the adapter itself takes for given.
      ...(typeof binding === "string" && binding !== "" ? { binding } : {}),
      ...(typeof appPrefix === "string" && appPrefix !== "" ? { appPrefix } : {}),
      ...(typeof ttlSeconds === "number" && ttlSeconds > 0
        ? { ttlSeconds: Math.ceil(ttlSeconds) }
        : {}),
    },
  };
}
