// Seeds the KV that `wrangler dev` and `vite preview` read on this machine. No request leaves it.

import { randomUUID } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { abortError, signalOf, whenAborted } from "./abort.js";
import { startLocalApiProcess } from "./local-api/process.js";
import { sanitize } from "./sanitized-text.js";
import { seedKvCache } from "./seed-kv-cache.js";

/** Without a network in between, waiting does not help what fails twice. */
const RETRY = { attempts: 3, initialDelayMs: 100, maxDelayMs: 1000 };

/**
 * @param {import("./wrangler/resolve.js").LocalTarget} target
 * @param {Omit<import("../index.js").SeedOptions, "accountId" | "namespaceId" | "apiToken">} options
 * @param {import("./cache-config.js").CacheConfig} [cacheConfig]
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedLocally({ persistTo, namespaceId }, options, cacheConfig) {
  // Miniflare's own message does not name the directory.
  try {
    mkdirSync(persistTo, { recursive: true });
    accessSync(persistTo, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { message } = /** @type {Error} */ (cause);
    throw unwritable(persistTo, message, { cause });
  }
  const signal = signalOf(options.signal);
  const run = new AbortController();
  const stopListening = whenAborted(signal, () => run.abort(signal?.reason));
  let hasSpace = true;
  const onNoSpace = () => {
    hasSpace = false;
    run.abort();
  };
  /** @type {import("./local-api/process.js").ApiProcess | undefined} */
  let api;
  try {
    const apiToken = randomUUID();
    api = await start({ persistTo, namespaceIds: [namespaceId], apiToken, root: options.root });
    const result = await seedKvCache(
      {
        ...options,
        retry: options.retry ?? RETRY,
        // The addon reports an invalid signal.
        signal: (options.signal ?? undefined) === undefined || signal ? run.signal : options.signal,
        ...{ accountId: "local", namespaceId, apiToken, apiBaseUrl: api.baseUrl },
      },
      cacheConfig,
    );
    await api.close();
    return result;
  } catch (cause) {
    if (hasSpace) throw cause;
    const { report } = /** @type {any} */ (cause);
    const { kvPairsUploaded = 0, kvPairsPlanned = 0 } = report ?? {};
    const stored = `${kvPairsUploaded} of ${kvPairsPlanned} entries are stored`;
    throw unwritable(persistTo, `no space left on the device; ${stored}`, { report });
  } finally {
    stopListening();
    api?.kill();
  }

  /** @param {import("./local-api/server.js").LocalApiOptions} given */
  async function start(given) {
    try {
      return await startLocalApiProcess(given, { signal: run.signal, onNoSpace });
    } catch (cause) {
      if (run.signal.aborted) throw signal?.aborted ? abortError(signal) : cause;
      const message = `cannot open the local KV: ${/** @type {Error} */ (cause).message}`;
      throw Object.assign(new Error(message, { cause }), { code: "LOCAL_KV_UNAVAILABLE" });
    }
  }
}

/**
 * @param {string} persistTo
 * @param {string} reason
 * @param {object} more
 */
function unwritable(persistTo, reason, more) {
  const error = new Error(`cannot write ${sanitize(persistTo)}: ${sanitize(reason)}`);
  return Object.assign(error, { code: "LOCAL_STATE_UNWRITABLE" }, more);
}
