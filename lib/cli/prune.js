// `vinext-seed prune`: deletes the entries of builds that are no longer live, and prints why each
// build is kept or not.

import { pruneFromProject } from "../prune-from-project.js";
import { sanitize } from "../sanitized-text.js";
import { FAILED, OK } from "./exit-codes.js";
import { counted, number, rows } from "./format.js";
import { seedOptions } from "./seed-step.js";

/** Builds that are printed without `--verbose`. */
const MAX_PRINTED = 20;

/**
 * @typedef {Pick<import("../../index.js").ProjectPruneOptions,
 *   "url" | "keep" | "olderThanSeconds" | "dryRun" | "maxDeletes">} PruneChoice
 */

/**
 * @param {string} root
 * @param {PruneChoice} choice
 * @param {import("./arguments.js").CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @returns {Promise<number>}
 */
export async function pruneProject(root, choice, options, printer, interrupt) {
  const { dryRun } = choice;
  const result = await pruneFromProject({
    ...seedOptions(root, options),
    ...choice,
    signal: interrupt.signal,
  });
  printer.json(result);
  for (const warning of result.warnings) printer.warning(warning);
  const { skipped, skippedCode, failure, builds = [] } = result;
  if (builds.length > 0) printer.result(table(builds, dryRun ?? false, printer.isVerbose));
  if (interrupt.received !== undefined) {
    printer.error(`interrupted: ${failure?.message ?? "pruning was aborted"}`);
  } else if (failure !== undefined) {
    printer.warning(
      `pruning failed (${failure.code}): ${failure.message}${quotaAdvice(failure.code)}`,
    );
  }
  if (skipped !== undefined) printer.warning(`nothing is deleted (${skippedCode}): ${skipped}`);
  else if (failure === undefined || builds.length > 0) {
    printer.result(summary(result, dryRun ?? false));
  }
  const isFailed = skipped !== undefined || failure !== undefined;
  return isFailed && options.strict ? FAILED : OK;
}

/**
 * @param {import("../../index.js").PrunedBuild[]} builds
 * @param {boolean} isDryRun
 * @param {boolean} isVerbose
 */
function table(builds, isDryRun, isVerbose) {
  const shown = isVerbose ? builds : builds.slice(0, MAX_PRINTED);
  const more = builds.length - shown.length;
  return [
    rows(
      shown.map(({ buildId, kvPairs, kvPairsDeleted, seededAt, kept }) => {
        const age = seededAt === undefined ? "age unknown" : new Date(seededAt).toISOString();
        const fate =
          kept !== undefined
            ? `kept: ${kept}`
            : isDryRun
              ? "would be deleted"
              : `${number(kvPairsDeleted)} deleted`;
        return [sanitize(buildId), `${counted(kvPairs, "entry", "entries")}, ${age}, ${fate}`];
      }),
    ),
    ...(more > 0 ? [`  and ${counted(more, "older build")} (--verbose lists them)`] : []),
  ].join("\n");
}

/**
 * @param {import("../../index.js").PruneResult} result
 * @param {boolean} isDryRun
 */
function summary({ kvPairsDeleted = 0, kvPairsNotDeleted = 0, lists = 0 }, isDryRun) {
  const calls = `${counted(lists, "call")} to list keys`;
  if (isDryRun) {
    return `${counted(kvPairsNotDeleted, "entry", "entries")} would be deleted (${calls})`;
  }
  const left =
    kvPairsNotDeleted === 0 ? "" : `, ${number(kvPairsNotDeleted)} remain for the next run`;
  return `Deleted ${counted(kvPairsDeleted, "entry", "entries")}${left} (${calls})`;
}

/** @param {string} code */
function quotaAdvice(code) {
  return code === "KV_QUOTA_EXHAUSTED"
    ? "; the quota of deletes resets at 00:00 UTC; run again after that"
    : "";
}
