// Resolves the KV adapter's options from the caller's options, the built Worker and the Vite configuration.
//
// Invariant: a prefix is never guessed. Entries under a prefix that the Worker does not use cost money and
// are never read.

import { sanitize } from "./sanitized-text.js";

/** The adapter's default binding. */
const DEFAULT_BINDING = "VINEXT_KV_CACHE";

/**
 * @typedef {object} Sources
 * @property {import("./binding.js").WorkerFacts} worker
 * @property {import("./cache-config.js").CacheConfig} [config] missing if it is not to be read
 * @property {string} vinext the installed version
 * @property {{ appPrefix?: string | null, ttlSeconds?: number | null }} given by the caller
 */

/**
 * Options that the engine reads from the Worker are undefined.
 * @typedef {{ appPrefix?: string, ttlSeconds?: number,
 *   skip?: import("./project.js").Skip }} AdapterOptions
 */

/**
 * @param {Sources} sources
 * @returns {AdapterOptions}
 */
export function settleAdapterOptions({ worker, config, vinext, given }) {
  const appPrefix = given.appPrefix ?? undefined;
  const ttlSeconds = given.ttlSeconds ?? undefined;
  const named = config?.kind === "kv" ? config.options : undefined;
  if (appPrefix === undefined && worker.appPrefix === undefined && named === undefined) {
    const reason = whyUnknown(worker, config, vinext);
    if (reason !== undefined) return { skip: { code: "adapter-options-unknown", reason } };
  }
  const differences = named === undefined ? [] : differencesOf(worker, named, given);
  if (differences.length > 0) {
    return { skip: { code: "adapter-options-differ", reason: whyDifferent(differences) } };
  }
  return {
    appPrefix: appPrefix ?? (worker.appPrefix === undefined ? (named?.appPrefix ?? "") : undefined),
    ttlSeconds: ttlSeconds ?? (worker.ttlSeconds === undefined ? named?.ttlSeconds : undefined),
  };
}

/**
 * Reports a binding passed by the caller if the built Worker reads another one.
 * @param {import("./binding.js").WorkerFacts} worker
 * @param {string | undefined} binding
 * @returns {import("./project.js").Skip | undefined}
 */
export function bindingDifference(worker, binding) {
  if (binding === undefined || worker.binding === undefined || binding === worker.binding) {
    return undefined;
  }
  const reason =
    `the built Worker reads KV through the binding ${sanitize(worker.binding)}, not ` +
    `${sanitize(binding)}; omit the binding, or pass the namespace with --namespace-id`;
  return { code: "adapter-options-differ", reason };
}

/**
 * Why the prefix is unknown; `undefined` without an adapter that could have one.
 * @param {import("./binding.js").WorkerFacts} worker
 * @param {import("./cache-config.js").CacheConfig | undefined} config
 * @param {string} vinext
 */
function whyUnknown(worker, config, vinext) {
  // The engine reports a Worker that does not read KV.
  if (worker.dataCache === "memory" || worker.dataCache === "other") return undefined;
  if (config?.kind === "pointless") return undefined;
  // Up to 0.0.55 only the Worker's own code has options.
  if (worker.dataCache === "unknown" && vinext.startsWith("0.0.")) return undefined;
  const shown =
    worker.dataCache === "kv"
      ? "the built Worker computes the KV adapter's appPrefix at run time"
      : "no built Worker shows the KV adapter's options";
  const said =
    config?.kind === "failed"
      ? `the Vite configuration could not be loaded (${config.reason})`
      : "the Vite configuration does not contain them";
  return (
    `${shown}, and ${said}; nothing is written, because entries under another prefix would never be ` +
    'read. Name the prefix with --app-prefix (appPrefix), "" for none'
  );
}

/**
 * @param {import("./binding.js").WorkerFacts} worker
 * @param {import("./cache-config.js").KvAdapterOptions} named
 * @param {Sources["given"]} given what the caller names is not compared
 * @returns {[name: string, worker: unknown, config: unknown][]}
 */
function differencesOf(worker, named, given) {
  if (worker.dataCache !== "kv") return [];
  const { appPrefix, binding, ttlSeconds } = worker;
  const ttl = typeof ttlSeconds === "number" ? Math.ceil(ttlSeconds) : ttlSeconds;
  /** @type {[string, unknown, unknown, unknown][]} */
  const all = [
    ["appPrefix", given.appPrefix, appPrefix, named.appPrefix ?? ""],
    ["binding", undefined, binding, named.binding ?? DEFAULT_BINDING],
    ["ttlSeconds", given.ttlSeconds, ttl, named.ttlSeconds ?? null],
  ];
  return all.flatMap(([name, own, shown, said]) => {
    const isCompared = (own ?? undefined) === undefined && shown !== undefined;
    return isCompared && shown !== said ? [[name, shown, said]] : [];
  });
}

/** @param {[name: string, worker: unknown, config: unknown][]} differences */
function whyDifferent(differences) {
  const text = (/** @type {unknown} */ value) => sanitize(JSON.stringify(value));
  const each = differences.map(
    ([name, worker, config]) => `${name} is ${text(worker)} in the Worker and ${text(config)} here`,
  );
  return (
    `the KV adapter's options in the built Worker differ from those in the Vite configuration: ` +
    `${each.join(", ")}. Build again, or seed with the mode, environment and variables of the build ` +
    "(--mode, --env); to use the Worker's alone, set viteConfig to false (--no-vite-config)"
  );
}
