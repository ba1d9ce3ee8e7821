// Describes a run's result in words.

import { sanitize } from "../sanitized-text.js";
import { counted, number, rows, size, time } from "./format.js";
import { groupSkipped, lacksStaticParams } from "./skipped-groups.js";

/** @typedef {import("../../index.js").ProjectSeedResult} ProjectSeedResult */
/** @typedef {import("../../index.js").RouteSkipped} RouteSkipped */
/** @typedef {import("../../index.js").ReasonSkipped} ReasonSkipped */

/**
 * @param {ProjectSeedResult} result
 * @param {boolean} isVerbose
 */
export function seedSummary(result, isVerbose) {
  const { seededRoutes, kvPairsUploaded, bytesUploaded, durationMs, skippedReasons } = result;
  return [
    `Seeded ${counted(seededRoutes, "page")}${result.target ? ` into ${place(result.target)}` : ""}`,
    rows([
      ["entries", number(kvPairsUploaded)],
      ...unchangedRows(result),
      ["bytes", size(bytesUploaded)],
      ["time", time(durationMs)],
      ...skippedRows(skippedReasons),
    ]),
    ...(isVerbose ? skippedRoutes(result) : []),
  ].join("\n");
}

/**
 * What was not written, and why: unchanged entries, and those beyond the budget.
 * @param {ProjectSeedResult} result
 * @returns {[string, string][]}
 */
export function unchangedRows({ kvPairsUnchanged, notStored }) {
  const left = notStored.filter(({ code }) => code === "over-budget");
  const count = left.reduce((sum, { count: pairs }) => sum + pairs, 0);
  return [
    ...(kvPairsUnchanged > 0
      ? [
          /** @type {[string, string]} */ ([
            "unchanged",
            `${number(kvPairsUnchanged)}, not written`,
          ]),
        ]
      : []),
    ...(count > 0
      ? [
          /** @type {[string, string]} */ ([
            "over budget",
            `${number(count)}, left for a later run or the first visit`,
          ]),
        ]
      : []),
  ];
}

/**
 * Why nothing is seeded, with the routes that are skipped: the end of a sentence, and lines below it.
 * @param {{ skipped?: string, skippedCode?: string, skippedDetail?: string,
 *   skippedReasons: ReasonSkipped[] }} result
 */
export function whyNothing({ skipped, skippedCode, skippedDetail, skippedReasons }) {
  const detail = skippedDetail === undefined ? "" : `; ${skippedDetail}`;
  const flag =
    skippedCode === "vinext-not-installed" ? " (--vinext-version on the command line)" : "";
  const reason = `(${skippedCode}): ${skipped}${flag}${detail}`;
  if (skippedReasons.length === 0) return reason;
  const hint = lacksStaticParams(skippedReasons)
    ? [
        "  Dynamic routes are pre-rendered for the parameters that their `generateStaticParams` returns.",
      ]
    : [];
  return [reason, rows(skippedRows(skippedReasons)), ...hint].join("\n");
}

/**
 * What an interrupted run has stored.
 * @param {ProjectSeedResult} result
 */
export function interruptedSummary(result) {
  const { kvPairsUploaded, bytesUploaded } = result;
  const stored = counted(kvPairsUploaded, "entry is", "entries are");
  return (
    `interrupted: ${stored} stored (${size(bytesUploaded)})${inDoubt(result)}; ` +
    "the rest is rendered on its first visit"
  );
}

/**
 * How many entries have an unknown outcome, as a part of a sentence.
 * @param {ProjectSeedResult} result
 */
export function inDoubt({ notStored }) {
  const unclear = notStored.filter(({ mayBeStored }) => mayBeStored);
  const count = unclear.reduce((sum, { count: pairs }) => sum + pairs, 0);
  return count === 0 ? "" : `, ${number(count)} more may be`;
}

/**
 * The keys that are not stored, each with its reason: as many as the result has.
 * @param {ProjectSeedResult} result
 */
export function notStoredKeys({ notStored }) {
  return notStored.flatMap(({ code, mayBeStored, count, keys }) => {
    const why = mayBeStored ? `${code}, may be stored` : code;
    const more = count - keys.length;
    return [
      ...keys.map((key) => `  ${sanitize(key)}: ${why}`),
      ...(more > 0 ? [`  and ${number(more)} more: ${why}`] : []),
    ];
  });
}

/** @param {import("../../index.js").SeedTarget} target */
export function place({ accountId, namespaceId, binding, persistTo, store }) {
  if (store !== undefined) return sanitize(store);
  const id = sanitize(namespaceId);
  const namespace = binding === undefined ? id : `${sanitize(binding)} (${id})`;
  const where = persistTo === undefined ? `account ${sanitize(accountId)}` : sanitize(persistTo);
  return `${namespace} in ${where}`;
}

/**
 * One row for each reason, those that need attention first.
 * @param {(RouteSkipped | ReasonSkipped)[]} skipped
 * @returns {[string, string][]}
 */
export function skippedRows(skipped) {
  return groupSkipped(skipped).map(({ reason, count, example }, index) => {
    const paths = count === 1 ? example : `${example}, …`;
    return [index === 0 ? "skipped" : "", `${number(count)}: ${reason} (${paths})`];
  });
}

/**
 * Skipped routes, each with its reason: as many as the result has.
 * @param {{ routesSkipped: RouteSkipped[], routesSkippedTotal: number }} result
 */
export function skippedRoutes({ routesSkipped, routesSkippedTotal }) {
  const more = routesSkippedTotal - routesSkipped.length;
  return [
    ...routesSkipped.map(
      ({ route, path, reason }) => `  ${sanitize(path ?? route)}: ${sanitize(reason)}`,
    ),
    ...(more > 0 ? [`  and ${number(more)} more`] : []),
  ];
}
