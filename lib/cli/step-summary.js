// Appends a table to the summary of a GitHub Actions step, which GITHUB_STEP_SUMMARY names.

import { closeSync, constants, fstatSync, openSync, writeFileSync } from "node:fs";
import { sanitize } from "../sanitized-text.js";
import { number, size, time } from "./format.js";
import { groupSkipped } from "./skipped-groups.js";
import { place, unchangedRows } from "./summary.js";

/** Appends without blocking on a pipe. Windows has no such flag. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/**
 * @param {string | undefined} file
 * @param {import("../../index.js").ProjectSeedResult} result
 * @returns {string | undefined} what went wrong
 */
export function writeStepSummary(file, result) {
  if (!file) return undefined;
  try {
    append(file, stepSummary(result));
    return undefined;
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return `GITHUB_STEP_SUMMARY cannot be written: ${sanitize(message)}`;
  }
}

/**
 * @param {string} file
 * @param {string} text
 */
function append(file, text) {
  const handle = openSync(file, FLAGS);
  try {
    const kind = fstatSync(handle);
    // A pipe without a reader would accept only a part of it.
    if (!kind.isFile() && !kind.isCharacterDevice()) throw new Error(`${file} is not a file`);
    writeFileSync(handle, text);
  } finally {
    closeSync(handle);
  }
}

/** @param {import("../../index.js").ProjectSeedResult} result */
export function stepSummary(result) {
  const { skipped, skippedCode, failure, target, buildId, skippedReasons } = result;
  const outcome = failure ? "failed" : skipped ? "skipped" : "seeded";
  /** @type {[string, string][]} */
  const cells = [
    ["outcome", outcome],
    ...row("code", failure?.code ?? skippedCode),
    ...row("reason", failure?.message ?? skipped),
    ["pages", number(result.seededRoutes)],
    ["entries", number(result.kvPairsUploaded)],
    ...unchangedRows(result),
    ["bytes", size(result.bytesUploaded)],
    ["time", time(result.durationMs)],
    ...groupSkipped(skippedReasons).flatMap(({ reason, count }) =>
      row("skipped", `${number(count)}: ${reason}`),
    ),
    ...row("namespace", target && place(target)),
    ...row("build id", buildId),
  ];
  const lines = cells.map(([name, value]) => `| ${name} | ${value} |`);
  return `### vinext-seed\n\n| | |\n| --- | --- |\n${lines.join("\n")}\n\n`;
}

/**
 * @param {string} name
 * @param {string | undefined} value others may have written it
 * @returns {[string, string][]} nothing without a value
 */
function row(name, value) {
  return value === undefined ? [] : [[name, cell(value)]];
}

/**
 * Text that is neither Markdown nor HTML. A character reference is never syntax, and in code GitHub
 * finds no mentions, links, issues or commits.
 * @param {string} text
 */
function cell(text) {
  const escaped = sanitize(text).replaceAll(
    /[!-/:-@[-`{-~]/gu,
    (character) => `&#${character.charCodeAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}
