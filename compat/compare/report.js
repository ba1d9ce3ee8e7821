// A comparison, printed.

/** How much of a value is printed. */
const MAX_CHARACTERS = 300;

/**
 * @param {import("./compare.js").Comparison} comparison
 * @param {{ isJson: boolean }} how
 */
export function printComparison(comparison, { isJson }) {
  if (isJson) console.log(JSON.stringify(asDocument(comparison), null, 2));
  else for (const line of linesOf(comparison)) console.log(line);
}

/** @param {import("./compare.js").Comparison} comparison */
function asDocument({ result, pages, differences, meant }) {
  const plain = (/** @type {import("./compare.js").Difference} */ difference) => {
    const { of, where, field, seeded, worker } = difference;
    return { of, where, field, seeded, worker };
  };
  return {
    requests: pages.length,
    seeding: result,
    differences: differences.map(plain),
    meant: meant.map(({ id, difference }) => ({ id, ...plain(difference) })),
  };
}

/**
 * @param {import("./compare.js").Comparison} comparison
 * @returns {string[]}
 */
export function linesOf({ result, pages, differences, meant }) {
  const { skippedCode, skipped, kvPairsUploaded, routesSkipped } = result;
  const lines = [
    skipped === undefined
      ? `${kvPairsUploaded} entries were seeded, ${routesSkipped.length} routes skipped`
      : `nothing was seeded (${skippedCode}): ${skipped}`,
    `${pages.length} requests were made of the seeded Worker and of the unseeded one, twice each`,
  ];
  const counts = new Map();
  for (const { id } of meant) counts.set(id, (counts.get(id) ?? 0) + 1);
  if (counts.size > 0) lines.push("", "Differences that are meant (docs/differences.md):");
  for (const [id, count] of [...counts].sort()) lines.push(`  ${String(count).padStart(5)}  ${id}`);
  lines.push("", differences.length === 0 ? "No other difference" : "Other differences:");
  for (const { where, field, seeded, worker } of differences) {
    lines.push(`  ${where}: ${field}`);
    lines.push(`    seeded  ${shortened(seeded)}`, `    worker  ${shortened(worker)}`);
  }
  return lines;
}

/**
 * @param {import("./compare.js").Difference} difference
 * @returns {string}
 */
export function lineOf({ where, field, seeded, worker }) {
  return `${where}: ${field}: seeded ${shortened(seeded)}, the Worker has ${shortened(worker)}`;
}

/** @param {unknown} value */
function shortened(value) {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "missing");
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
