// Groups skipped routes by reason, those that need attention first.

import { sanitize } from "../sanitized-text.js";

/** @typedef {import("../../index.js").RouteSkipped} RouteSkipped */
/** @typedef {import("../../index.js").ReasonSkipped} ReasonSkipped */

/** How many different reasons of one code are shown. More would amount to listing the routes. */
const MAX_REASONS_OF_CODE = 8;

/** Reasons that contain the route's own file or size: they count as the same one. */
const NAMES_ITS_ROUTE = [
  "missing-artifact",
  "unusable-artifact",
  "artifact-changed",
  "empty-document",
  "rsc-is-html",
  "value-too-large",
  "key-too-long",
];

/** Why the build itself does not render a route: a single word, unlike an error. */
const DECISION_OF_BUILD = /^not rendered by the build \((?!error\))[a-z]+(?:-[a-z]+)*\)$/u;

/** Codes that need no attention: the route is not meant to be seeded. */
const AS_MEANT = [
  "not-app-router",
  "metadata-not-read",
  "error-page",
  "fallback-shell",
  "never-read",
  "not-cached",
];

/**
 * @typedef {object} SkippedGroup
 * @property {string} reason
 * @property {number} count
 * @property {string} example the path of one of them
 */

/**
 * @param {(RouteSkipped | ReasonSkipped)[]} skipped single routes, or all that have one reason
 * @returns {SkippedGroup[]}
 */
export function groupSkipped(skipped) {
  /** @type {Map<string, Map<string, SkippedGroup>>} */
  const codes = new Map();
  for (const one of skipped) {
    const { code, reason } = one;
    const { count, example } = "count" in one ? one : { count: 1, example: one.path ?? one.route };
    const reasons = codes.get(code) ?? new Map();
    codes.set(code, reasons);
    const key = NAMES_ITS_ROUTE.includes(code) ? "" : reason;
    const group = reasons.get(key);
    if (group === undefined) {
      reasons.set(key, { reason: sanitize(reason), count, example: sanitize(example) });
    } else {
      group.count += count;
    }
  }
  return [...codes]
    .flatMap(([code, reasons]) =>
      bounded(code, [...reasons.values()]).map((group) => ({ group, rank: rankOf(code, group) })),
    )
    .sort((one, other) => one.rank - other.rank || other.group.count - one.group.count)
    .map(({ group }) => group);
}

/**
 * Whether a dynamic route is not rendered for lack of parameters.
 * @param {{ reason: string }[]} skipped
 */
export function lacksStaticParams(skipped) {
  return skipped.some(({ reason }) => /\((?:no|empty)-static-params\)$/u.test(reason));
}

/**
 * @param {string} code
 * @param {SkippedGroup[]} groups
 * @returns {SkippedGroup[]}
 */
function bounded(code, groups) {
  if (groups.length <= MAX_REASONS_OF_CODE) return groups;
  groups.sort((one, other) => other.count - one.count);
  const first = groups.slice(0, MAX_REASONS_OF_CODE - 1);
  const others = groups.slice(first.length);
  const rest = {
    reason: `${code}, ${others.length} other reasons, such as: ${others[0]?.reason}`,
    count: others.reduce((sum, { count }) => sum + count, 0),
    example: others[0]?.example ?? "",
  };
  return [...first, rest];
}

/**
 * Failed renders first, then build errors, then other problems, then expected skips.
 * @param {string} code
 * @param {SkippedGroup} group
 */
function rankOf(code, { reason }) {
  if (code === "failed-render") return 0;
  if (code === "not-rendered") return DECISION_OF_BUILD.test(reason) ? 3 : 1;
  return AS_MEANT.includes(code) ? 3 : 2;
}
