// Every option of every function and of the command, described once: the checks of values, the flags of
// the command and the tables in docs/ are made from these rows.

import { BUILD_OPTIONS } from "./build.js";
import { COMMAND_OPTIONS } from "./command.js";
import { EXPLAIN_OPTIONS } from "./explain.js";
import { PAGES_OPTIONS } from "./pages.js";
import { LIMIT_OPTIONS, WRITE_OPTIONS } from "./run.js";
import { STORE_OPTIONS } from "./store.js";
import { HANDLER_OPTIONS, OUTCOME_OPTIONS, TARGET_OPTIONS } from "./target.js";
import { VERIFY_AND_PRUNE_OPTIONS } from "./verify-and-prune.js";

/** @typedef {import("./option.js").OptionRow} OptionRow */
/** @typedef {import("./option.js").FunctionName} FunctionName */

/**
 * The rows by what they are about, with the heading of their flags in `--help`.
 * @type {Record<string, { rows: OptionRow[], heading: string }>}
 */
export const SECTIONS = {
  target: { rows: TARGET_OPTIONS, heading: "Where to:" },
  store: { rows: STORE_OPTIONS, heading: "Where to:" },
  handler: { rows: HANDLER_OPTIONS, heading: "Where to:" },
  build: { rows: BUILD_OPTIONS, heading: "What:" },
  pages: { rows: PAGES_OPTIONS, heading: "What:" },
  writes: { rows: WRITE_OPTIONS, heading: "What:" },
  limits: { rows: LIMIT_OPTIONS, heading: "How:" },
  outcome: { rows: OUTCOME_OPTIONS, heading: "How:" },
  command: { rows: COMMAND_OPTIONS, heading: "How:" },
  "verify-and-prune": { rows: VERIFY_AND_PRUNE_OPTIONS, heading: "How:" },
  explain: { rows: EXPLAIN_OPTIONS, heading: "How:" },
};

/** Every row. */
export const OPTIONS = Object.values(SECTIONS).flatMap(({ rows }) => rows);

/**
 * The rows of a function, without the members of objects.
 * @param {FunctionName} name
 */
export function optionsOf(name) {
  return OPTIONS.filter((row) => row.of.includes(name) && !row.name.includes("."));
}

/**
 * The rows of an object's members, for a function.
 * @param {string} parent
 * @param {FunctionName} name
 */
export function membersOf(parent, name) {
  return OPTIONS.filter((row) => row.of.includes(name) && row.name.startsWith(`${parent}.`));
}

/**
 * Those of the options that a function takes.
 * @template {object} Options
 * @param {FunctionName} name
 * @param {Options} options
 * @returns {Partial<Options>}
 */
export function optionsFor(name, options) {
  const members = /** @type {Record<string, unknown>} */ (options);
  const taken = optionsOf(name).filter((row) => members[row.name] !== undefined);
  return /** @type {Partial<Options>} */ (
    Object.fromEntries(taken.map((row) => [row.name, members[row.name]]))
  );
}
