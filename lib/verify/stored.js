// Reads entries back through the API, and compares them with the build.

import { ApiError, getValue } from "../wrangler/cloudflare-api.js";
import { compareValues } from "./entry.js";

/** Reads at a time. */
const CONCURRENCY = 6;

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
 * @param {import("../wrangler/resolve.js").RemoteTarget} target
 * @param {import("./entry.js").SampledEntry[]} entries
 * @param {AbortSignal} [signal]
 * @returns {Promise<StoredCheck>}
 */
export async function checkStored(target, entries, signal) {
  const { accountId, namespaceId, apiBaseUrl: baseUrl, apiToken: token, tokenSource } = target;
  const api = { baseUrl, token, tokenSource, signal };
  const counts = { same: 0, rewritten: 0, missing: 0, different: 0 };
  /** @type {(keyof typeof counts)[]} */
  const outcomes = Array.from({ length: entries.length });
  const queue = entries.entries();
  const readers = Array.from({ length: CONCURRENCY }, async () => {
    for (const [index, { key, value }] of queue) {
      const stored = await read(key);
      outcomes[index] = stored === undefined ? "missing" : compareValues(stored, value);
    }
  });
  await Promise.all(readers);
  const problems = [];
  for (const [index, outcome] of outcomes.entries()) {
    counts[outcome] += 1;
    if (outcome === "missing" || outcome === "different") {
      problems.push({ key: entries[index]?.key ?? "", problem: outcome });
    }
  }
  return { checked: entries.length, ...counts, problems };

  /** @param {string} key */
  async function read(key) {
    try {
      return await getValue(api, accountId, namespaceId, key);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404 && error.codes.includes(10009)) {
        return undefined;
      }
      throw error;
    }
  }
}
