// Calculates shares of the KV limits and prices. docs/cost.md gives the sources of the figures.

import { FREE_PLAN } from "../kv-free-plan.js";

/** Writes a month that the paid plan includes (Cloudflare KV, "Pricing"). */
const PAID_MONTHLY_WRITES = 1_000_000;

/** Dollars for each million writes beyond that (Cloudflare KV, "Pricing"). */
const USD_PER_MILLION_WRITES = 5;

/** Dollars for a million deletes, lists and reads beyond those included (Cloudflare KV, "Pricing"). */
const USD_PER_MILLION_DELETES = 5;
const USD_PER_MILLION_LISTS = 5;
const USD_PER_MILLION_READS = 0.5;

/** Keys that one call lists (Cloudflare API, "List a namespace's keys"). */
const KEYS_PER_LIST = 1000;

/**
 * What a run, and what pruning the entries again later, costs besides writes.
 * @param {number} entries
 */
export function callsOf(entries) {
  // The entries of the build, and the markers of tags.
  const lists = Math.max(1, Math.ceil(entries / KEYS_PER_LIST)) + 1;
  return {
    lists,
    listsShareOfDay: lists / FREE_PLAN.lists,
    usdForLists: (lists / 1e6) * USD_PER_MILLION_LISTS,
    readsForEachVisit: 1,
    dailyReads: FREE_PLAN.reads,
    usdForMillionReads: USD_PER_MILLION_READS,
    deletes: entries,
    deletesShareOfDay: entries / FREE_PLAN.deletes,
    usdForDeletes: (entries / 1e6) * USD_PER_MILLION_DELETES,
  };
}

/** Dollars for a gigabyte in a month, beyond the first (Cloudflare KV, "Pricing"). */
const USD_PER_GB_MONTH = 0.5;

/**
 * @param {number} writes
 * @param {number} bytes
 */
export function priceOf(writes, bytes) {
  return {
    freePlan: { dailyWrites: FREE_PLAN.writes, shareOfDay: writes / FREE_PLAN.writes },
    paidPlan: {
      includedMonthlyWrites: PAID_MONTHLY_WRITES,
      shareOfMonth: writes / PAID_MONTHLY_WRITES,
      usdForWritesBeyond: (writes / 1e6) * USD_PER_MILLION_WRITES,
      usdForStorageMonthBeyond: (bytes / 1e9) * USD_PER_GB_MONTH,
    },
  };
}
