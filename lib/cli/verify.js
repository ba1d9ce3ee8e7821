// `vinext-seed verify`: reads entries back, requests pages from the site, and prints problems.

import { sanitize } from "../sanitized-text.js";
import { verifyFromProject } from "../verify-from-project.js";
import { FAILED, OK } from "./exit-codes.js";
import { counted, number } from "./format.js";
import { seedOptions } from "./seed-step.js";

/** Problems that are printed without `--verbose`. */
const MAX_PRINTED = 20;

/** The counts in the table. */
const ROWS = /** @type {const} */ ([
  ["html", "documents"],
  ["rsc", "payloads"],
  ["route", "metadata routes"],
  ["query", "with a query"],
]);

const COLUMNS = /** @type {const} */ ([
  ["asked", "asked"],
  ["hit", "HIT"],
  ["stale", "STALE"],
  ["miss", "MISS"],
  ["wrongStatus", "wrong status"],
  ["wrongBytes", "wrong bytes"],
  ["buildHost", "build host"],
]);

/**
 * @typedef {object} VerifyChoice
 * @property {string} [url]
 * @property {number} [sample]
 */

/**
 * Verifies and prints, except for the JSON document.
 * @param {string} root
 * @param {VerifyChoice} choice
 * @param {import("./arguments.js").CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @returns {Promise<{ result: import("../../index.js").VerifyResult, exitCode: number }>}
 */
export async function verifyStep(root, choice, options, printer, interrupt) {
  const given = { ...seedOptions(root, options), ...choice, signal: interrupt.signal };
  const result = await verifyFromProject(given);
  for (const warning of result.warnings) printer.warning(warning);
  const { failure, skipped, skippedCode, stored, site, isSound } = result;
  if (failure !== undefined) {
    printer.warning(`verifying failed (${failure.code}): ${failure.message}`);
  } else if (skipped !== undefined) {
    printer.warning(`nothing is verified (${skippedCode}): ${skipped}`);
  } else {
    printer.result([...storedLines(stored), ...siteLines(site)].join("\n"));
    const problems = [
      ...(stored?.problems ?? []).map(({ key, problem }) => `${problem}: ${key}`),
      ...(site?.problems ?? []).map((one) => `${one.problem}: ${one.url} (${one.detail})`),
    ];
    const shown = printer.isVerbose ? problems : problems.slice(0, MAX_PRINTED);
    for (const problem of shown) printer.warning(sanitize(problem));
    const more = problems.length - shown.length;
    if (more > 0) printer.warning(`and ${counted(more, "more problem")} (--verbose lists them)`);
  }
  return { result, exitCode: !isSound && options.strict ? FAILED : OK };
}

/** @param {import("../../index.js").VerifyResult["stored"]} stored */
function storedLines(stored) {
  if (stored === undefined) return [];
  const { checked, same, rewritten, missing, different } = stored;
  return [
    `Read back ${counted(checked, "entry", "entries")}: ${number(same)} as built, ` +
      `${number(rewritten)} rendered again since, ${number(missing)} missing, ` +
      `${number(different)} different`,
  ];
}

/** @param {import("../../index.js").VerifyResult["site"]} site */
function siteLines(site) {
  if (site === undefined) return [];
  const table = [
    ["", ...COLUMNS.map(([, title]) => title)],
    ...ROWS.filter(([kind]) => site.counts[kind].asked > 0).map(([kind, title]) => [
      title,
      ...COLUMNS.map(([column]) => number(site.counts[kind][column])),
    ]),
  ];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...table.map((row) => row[column + 1]?.length ?? 0)),
  );
  const first = Math.max(...table.map(([title = ""]) => title.length));
  return table.map(([title = "", ...cells]) =>
    ["", title.padEnd(first), ...cells.map((cell, at) => cell.padStart(widths[at] ?? 0))].join(
      "  ",
    ),
  );
}
