// Calculates shares of the KV limits and prices. docs/cost.md gives the sources of the figures.

/** Writes a day on the free plan (Cloudflare KV, "Limits"; resets at 00:00 UTC). */
const FREE_DAILY_WRITES = 1000;

/** Writes a month that the paid plan includes (Cloudflare KV, "Pricing"). */
const PAID_MONTHLY_WRITES = 1_000_000;

/** Dollars for a million writes more (Cloudflare KV, "Pricing"). */
const USD_PER_MILLION_WRITES = 5;

/** Dollars for a gigabyte in a month, beyond the first (Cloudflare KV, "Pricing"). */
const USD_PER_GB_MONTH = 0.5;

/**
 * @param {number} writes
 * @param {number} bytes
 */
export function priceOf(writes, bytes) {
  return {
    freePlan: { dailyWrites: FREE_DAILY_WRITES, shareOfDay: writes / FREE_DAILY_WRITES },
    paidPlan: {
      includedMonthlyWrites: PAID_MONTHLY_WRITES,
      shareOfMonth: writes / PAID_MONTHLY_WRITES,
      usdForWritesBeyond: (writes / 1e6) * USD_PER_MILLION_WRITES,
      usdForStorageMonthBeyond: (bytes / 1e9) * USD_PER_GB_MONTH,
    },
  };
}
