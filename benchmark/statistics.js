// Medians. One slow run would move a mean.

/** @param {(number | undefined)[]} values */
export function median(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/**
 * The median of one figure.
 * @template {string} K
 * @param {{ [key in K]?: number }[]} runs
 * @param {K} figure
 */
export function medianOf(runs, figure) {
  return median(runs.map((run) => run[figure]));
}
