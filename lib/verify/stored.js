// Reads entries back, and compares them with the build.

import { readStore } from "../binding.js";
import { ApiError, getValue } from "../wrangler/cloudflare-api.js";
import { compareValues } from "./entry.js";

/** Reads at a time, of Cloudflare's API. */
const CONCURRENCY = 6;

/** Entries that are read before they are compared and dropped. */
const ENTRIES_AT_ONCE = 100;

/** KV's code for a key that has no value. */
const KEY_NOT_FOUND = 10_009;

/**
 * @typedef {object} StoredCheck
 * @property {number} checked
 * @property {number} same
 * @property {number} rewritten rendered again by the Worker since
 * @property {number} missing
 * @property {number} different
 * @property {{ key: string, problem: "missing" | "different" }[]} problems
 */

/**
 * Reads the values of keys, in order; nothing if there is none.
 * @typedef {(keys: string[]) => Promise<(string | null | undefined)[]>} ReadValues
 */

/**
 * @param {ReadValues} read
 * @param {import("./entry.js").SampledEntry[]} entries
 * @returns {Promise<StoredCheck>}
 */
export async function checkStored(read, entries) {
  const counts = { same: 0, rewritten: 0, missing: 0, different: 0 };
  /** @type {StoredCheck["problems"]} */
  const problems = [];
  for (let first = 0; first < entries.length; first += ENTRIES_AT_ONCE) {
    const part = entries.slice(first, first + ENTRIES_AT_ONCE);
    const values = await read(part.map(({ key }) => key));
    for (const [index, { key, value }] of part.entries()) {
      const stored = values[index] ?? undefined;
      const outcome = stored === undefined ? "missing" : compareValues(stored, value);
      counts[outcome] += 1;
      if (outcome === "missing" || outcome === "different") {
        problems.push({ key, problem: outcome });
      }
    }
  }
  return { checked: entries.length, ...counts, problems };
}

/**
 * Reads from a namespace of Workers KV.
 * @param {import("../wrangler/resolve.js").RemoteTarget} target
 * @param {AbortSignal} [signal]
 * @returns {ReadValues}
 */
export function fromNamespace(target, signal) {
  const { accountId, namespaceId, apiBaseUrl: baseUrl, apiToken: token, tokenSource } = target;
  const api = { baseUrl, token, tokenSource, signal };
  return async (keys) => {
    /** @type {(string | undefined)[]} */
    const values = Array.from({ length: keys.length });
    const queue = keys.entries();
    const readers = Array.from({ length: CONCURRENCY }, async () => {
      for (const [index, key] of queue) values[index] = await read(key);
    });
    await Promise.all(readers);
    return values;
  };

  /** @param {string} key */
  async function read(key) {
    try {
      return await getValue(api, accountId, namespaceId, key);
    } catch (error) {
      const isMissing = error instanceof ApiError && error.status === 404;
      if (isMissing && error.codes.includes(KEY_NOT_FOUND)) return undefined;
      throw error;
    }
  }
}

/**
 * Reads from another store.
 * @param {import("../../index.js").NativeStore} store
 * @param {AbortSignal} [signal]
 * @returns {ReadValues}
 */
export function fromStore(store, signal) {
  return (keys) => readStore({ store, keys, signal });
}
