// What a run did, for people.
//
// In: results. Out: text.
// Never: a number that the result does not have.

import { sanitize } from "../sanitized-text.js";
import { counted, number, rows, size, time } from "./format.js";

/** @typedef {import("../../index.js").ProjectSeedResult} ProjectSeedResult */
/** @typedef {import("../../index.js").RouteSkipped} RouteSkipped */

/**
 * @param {ProjectSeedResult} result
 * @param {boolean} isVerbose
 */
export function seedSummary(result, isVerbose) {
  const { seededRoutes, kvPairsUploaded, bytesUploaded, durationMs, routesSkipped } = result;
  return [
    `Seeded ${counted(seededRoutes, "page")}${result.target ? ` into ${place(result.target)}` : ""}`,
    rows([
      ["entries", number(kvPairsUploaded)],
      ["bytes", size(bytesUploaded)],
      ["time", time(durationMs)],
      ...skippedRows(routesSkipped),
    ]),
    ...(isVerbose ? skippedRoutes(routesSkipped) : []),
  ].join("\n");
}

/**
 * What is stored of a run that was broken off.
 * @param {ProjectSeedResult} result
 */
export function interruptedSummary(result) {
  const { kvPairsUploaded, bytesUploaded } = result;
  const stored = counted(kvPairsUploaded, "entry is", "entries are");
  return (
    `interrupted: ${stored} stored (${size(bytesUploaded)})${inDoubt(result)}; what is not stored is ` +
    "rendered when it is first visited"
  );
}

/**
 * How many entries nobody knows about, as a part of a sentence.
 * @param {ProjectSeedResult} result
 */
export function inDoubt({ notStored }) {
  const unclear = notStored.filter(({ mayBeStored }) => mayBeStored);
  const count = unclear.reduce((sum, { keys }) => sum + keys.length, 0);
  return count === 0 ? "" : `, ${number(count)} more may be`;
}

/**
 * Every key that is not stored, with its reason.
 * @param {ProjectSeedResult} result
 */
export function notStoredKeys({ notStored }) {
  return notStored.flatMap(({ code, mayBeStored, keys }) => {
    const why = mayBeStored ? `${code}, may be stored` : code;
    return keys.map((key) => `  ${sanitize(key)}: ${why}`);
  });
}

/** @param {import("../../index.js").SeedTarget} target */
export function place({ accountId, namespaceId, binding, persistTo }) {
  const namespace = binding === undefined ? namespaceId : `${binding} (${namespaceId})`;
  const where = persistTo === undefined ? `account ${accountId}` : persistTo;
  return `${namespace} in ${where}`;
}

/**
 * One row for each reason, the most frequent first.
 * @param {RouteSkipped[]} routes
 * @returns {[string, string][]}
 */
export function skippedRows(routes) {
  return byReason(routes).map(([reason, paths], index) => {
    const example = paths.length === 1 ? sanitize(paths[0]) : `${sanitize(paths[0])}, …`;
    return [index === 0 ? "skipped" : "", `${number(paths.length)}: ${reason} (${example})`];
  });
}

/**
 * Every route with its reason.
 * @param {RouteSkipped[]} routes
 */
export function skippedRoutes(routes) {
  return routes.map(
    ({ route, path, reason }) => `  ${sanitize(path ?? route)}: ${sanitize(reason)}`,
  );
}

/**
 * @param {RouteSkipped[]} routes
 * @returns {[reason: string, paths: string[]][]} by code; the reason is that of the first
 */
export function byReason(routes) {
  /** @type {Map<string, [string, string[]]>} */
  const groups = new Map();
  for (const { code, reason, route, path } of routes) {
    const group = groups.get(code) ?? [sanitize(reason), []];
    group[1].push(path ?? route);
    groups.set(code, group);
  }
  return [...groups.values()].sort((one, other) => other[1].length - one[1].length);
}
