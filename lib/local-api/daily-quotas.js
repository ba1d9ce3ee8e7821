// Counts operations against the daily limits of Workers KV, if enabled.
//
// A request that exceeds the remaining quota is rejected as a whole.

import { Refusal } from "./limits.js";

/** @typedef {keyof typeof import("../kv-free-plan.js").FREE_PLAN} Operation */

/** Cloudflare's answer when the daily quota is used up. */
const EXHAUSTED_CODE = 10048;

export class DailyQuotas {
  #limits;
  #now;
  #day = 0;
  /** @type {Record<Operation, number>} */
  #used = { reads: 0, writes: 0, deletes: 0, lists: 0 };

  /**
   * @param {Partial<Record<Operation, number>>} [limits] an operation without one is not limited
   * @param {() => number} [now] the time, in milliseconds
   */
  constructor(limits = {}, now = Date.now) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Counts operations, or rejects them.
   * @param {Operation} operation
   * @param {number} [count]
   */
  spend(operation, count = 1) {
    const day = Math.floor(this.#now() / 86_400_000);
    if (day !== this.#day) {
      this.#day = day;
      this.#used = { reads: 0, writes: 0, deletes: 0, lists: 0 };
    }
    const limit = this.#limits[operation] ?? Infinity;
    if (this.#used[operation] + count > limit) {
      throw new Refusal(
        429,
        EXHAUSTED_CODE,
        `KV ${operation}: your account has reached the free usage limit of ${limit} for today`,
      );
    }
    this.#used[operation] += count;
  }
}
