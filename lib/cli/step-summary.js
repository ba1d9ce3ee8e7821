// The summary of a GitHub Actions step.
//
// In: a result. Out: a table, appended to the file that GITHUB_STEP_SUMMARY names.
// Never: a failure; it is only a summary.

import { appendFileSync } from "node:fs";
import { sanitize } from "../sanitized-text.js";
import { number, size, time } from "./format.js";
import { byReason, place } from "./summary.js";

/**
 * @param {string | undefined} file
 * @param {import("../../index.js").ProjectSeedResult} result
 * @returns {string | undefined} what went wrong
 */
export function writeStepSummary(file, result) {
  if (!file) return undefined;
  try {
    appendFileSync(file, stepSummary(result));
    return undefined;
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return `GITHUB_STEP_SUMMARY cannot be written: ${sanitize(message)}`;
  }
}

/** @param {import("../../index.js").ProjectSeedResult} result */
export function stepSummary(result) {
  const { skipped, failure, target, buildId } = result;
  const outcome = failure ? `failed (${failure.code})` : skipped ? "skipped" : "seeded";
  const reason = failure?.message ?? skipped;
  /** @type {[string, string][]} */
  const cells = [
    ["outcome", outcome],
    ...row("reason", reason),
    ["pages", number(result.seededRoutes)],
    ["entries", number(result.kvPairsUploaded)],
    ["bytes", size(result.bytesUploaded)],
    ["time", time(result.durationMs)],
    ...byReason(result.routesSkipped).flatMap(([why, paths]) =>
      row(`skipped: ${why}`, number(paths.length)),
    ),
    ...row("namespace", target && place(target)),
    ...row("build id", buildId),
  ];
  const lines = cells.map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`);
  return `### vinext-seed\n\n| | |\n| --- | --- |\n${lines.join("\n")}\n\n`;
}

/**
 * @param {string} name
 * @param {string | undefined} value
 * @returns {[string, string][]} nothing without a value
 */
function row(name, value) {
  return value === undefined ? [] : [[name, value]];
}

/** @param {string} text */
function cell(text) {
  return sanitize(text).replaceAll(/[\\|<>`]/gu, (character) => `\\${character}`);
}
