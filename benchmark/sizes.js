// The sites of the benchmark: how many routes each has, and their sizes.

/** @typedef {{ routes: number, htmlBytes: number, rscBytes: number }} Size */

/** Small, medium, tiny pages, large, extra many, large pages (10,000 pairs above V8's longest string). */
export const SIZES = /** @type {const} @satisfies {Record<string, Size>} */ ({
  S: { routes: 1_000, htmlBytes: 20_000, rscBytes: 8_000 },
  M: { routes: 10_000, htmlBytes: 40_000, rscBytes: 15_000 },
  T: { routes: 100_000, htmlBytes: 2_000, rscBytes: 1_000 },
  L: { routes: 50_000, htmlBytes: 30_000, rscBytes: 10_000 },
  X: { routes: 1_000_000, htmlBytes: 600, rscBytes: 400 },
  P: { routes: 5_000, htmlBytes: 97_000, rscBytes: 25_000 },
});

/** @typedef {keyof typeof SIZES} SizeName */

/** How many routes of 1 KB the sites of the scaling chart have. */
export const SCALING_ROUTES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

/**
 * The sizes that were asked for.
 * @param {string} text as on the command line: `S` or `S,M`
 * @returns {SizeName[]}
 */
export function sizeNames(text) {
  return text.split(",").map((name) => {
    if (!(name in SIZES)) throw new RangeError(`--size takes ${Object.keys(SIZES).join(", ")}`);
    return /** @type {SizeName} */ (name);
  });
}
