// Reads what a project's Vite configuration says about vinext's caches: the KV adapter's options,
// or why seeding would be pointless. A configuration that cannot be loaded is not an error.

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
export const DEFAULT_MODE = "production";

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
 * An adapter that is configured as `cache.data`.
 * @typedef {object} DataAdapter
 * @property {string} adapter a path, or what a package exports
 * @property {unknown} [options]
 */

/**
 * One of: nothing is known (no configuration, or of a version that does not expose it); the KV
 * adapter's options; why seeding KV would be pointless; why the configuration cannot be read.
 * @typedef {{ kind: "unknown" }
 *   | { kind: "kv", options: KvAdapterOptions }
 *   | { kind: "pointless", code: string, reason: string, data?: DataAdapter,
 *       variables?: Record<string, string | undefined> }
 *   | { kind: "failed", reason: string }} CacheConfig
 */

/**
 * @param {object} request
 * @param {string} request.root
 * @param {string | false | null} [request.viteConfig] relative to `root`; default: the one that Vite
 *   finds
 * @param {string | null} [request.viteMode] the mode of the build; default: `production`
 * @param {string} [request.env] the environment that the build is for: builds get it as CLOUDFLARE_ENV,
 *   and configurations may depend on it
 * @param {AbortSignal} [request.signal]
 * @returns {Promise<CacheConfig>}
 */
export async function readCacheConfig({ root, viteConfig, viteMode, env, signal }) {
  const home = path.resolve(root);
  const file = configFileOf(home, viteConfig);
  if (file === undefined) return { kind: "unknown" };
  const answer = await askReader(READER, [home, file, viteMode ?? DEFAULT_MODE], {
    cwd: home,
    env: environmentOf(env),
    signal,
    timeoutMs: TIMEOUT_MS,
  });
  if ("found" in answer) return classify(answer.found);
  return {
    kind: "failed",
    reason: `${viteConfig || path.basename(file)}: ${sanitize(answer.error)}`,
  };
}

/**
 * @param {string} root
 * @param {string | false | null} [named]
 * @returns {string | undefined} nothing if there is none
 */
export function configFileOf(root, named) {
  const file = named || CONFIG_FILES.find((name) => existsSync(path.join(root, name)));
  return file === undefined ? undefined : path.resolve(root, file);
}

/**
 * What a configuration is loaded with.
 * @param {string | null} [env] the environment that the build is for
 * @returns {Record<string, string | undefined>}
 */
export function environmentOf(env) {
  return { ...process.env, ...(env ? { CLOUDFLARE_ENV: env } : {}) };
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
        "`cache.cdn` is configured for vinext, so the Worker leaves pages to the CDN and does not look them up in KV",
    };
  }
  const adapter = config.data?.adapter;
  if (adapter === undefined) return { kind: "unknown" };
  if (typeof adapter !== "string" || !KV_ADAPTER.test(adapter)) {
    return {
      kind: "pointless",
      code: "data-adapter-is-not-kv",
      reason:
        `\`cache.data\` of vinext is not the KV adapter but ${sanitize(adapter)}; to seed its store, ` +
        'name the store, or let the adapter store the pages: --to handler (store: "handler")',
      data: config.data,
      variables: config.variables,
    };
  }
  const { binding, appPrefix, ttlSeconds } = config.data.options ?? {};
  return {
    kind: "kv",
    options: {
      // The same values that the adapter itself accepts.
      ...(typeof binding === "string" && binding !== "" ? { binding } : {}),
      ...(typeof appPrefix === "string" && appPrefix !== "" ? { appPrefix } : {}),
      ...(typeof ttlSeconds === "number" && ttlSeconds > 0
        ? { ttlSeconds: Math.ceil(ttlSeconds) }
        : {}),
    },
  };
}
