// Prints a competition as a table of medians. Ratios only compare figures from the same run.

import { CONTENDERS } from "./contenders.js";
import { medianOf } from "./statistics.js";

const MEBIBYTE = 1024 * 1024;

/**
 * @param {import("./compete.js").Competition} competition
 * @returns {string}
 */
export function table({ contenders, idle }) {
  const idleBytes = medianOf(idle, "peakBytes") ?? 0;
  const ours = contenders.ours === undefined ? undefined : secondsOf(contenders.ours);
  const head = [
    "",
    "call s",
    "process s",
    "CPU s",
    "MB over idle Node",
    "blocked ms",
    "time / ours",
  ];
  const rows = Object.entries(contenders).map(([name, result]) => {
    const { title } = CONTENDERS[/** @type {keyof typeof CONTENDERS} */ (name)];
    if (result.failed !== undefined) return [title, `fails: ${result.failed}`];
    const seconds = secondsOf(result);
    const peak = medianOf(result.runs, "peakBytes");
    return [
      title,
      number(medianOf(result.runs, "callSeconds"), 3),
      number(medianOf(result.runs, "processSeconds"), 3),
      number(medianOf(result.runs, "cpuSeconds"), 2),
      number(peak === undefined ? undefined : (peak - idleBytes) / MEBIBYTE, 0),
      number(medianOf(result.runs, "blockedMs"), 1),
      ours === undefined || seconds === undefined ? "" : `${(seconds / ours).toFixed(2)}×`,
    ];
  });
  const idleBlocked = number(medianOf(idle, "blockedMs"), 1);
  return markdown([head, ...rows, ["Node that does nothing", "", "", "", "0", idleBlocked]]);
}

/**
 * The median time of a contender's call, or of its process if it makes no call.
 * @param {import("./compete.js").Result} result
 */
export function secondsOf({ runs }) {
  return medianOf(runs, "callSeconds") ?? medianOf(runs, "processSeconds");
}

/**
 * @param {number | undefined} value
 * @param {number} digits
 */
function number(value, digits) {
  return value === undefined ? "" : value.toFixed(digits);
}

/** @param {string[][]} rows the head first */
function markdown(rows) {
  const [head = []] = rows;
  const line = (/** @type {string[]} */ row) =>
    `| ${head.map((_, at) => row[at] ?? "").join(" | ")} |`;
  const rule = `|---|${"---:|".repeat(head.length - 1)}`;
  return [line(head), rule, ...rows.slice(1).map(line)].join("\n");
}
