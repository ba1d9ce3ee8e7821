// Checks options against the table, without coercing values: `-1` is an error, and so is `3.9`.
//
// Invariants: no message has the value of a text, which may be a secret.

import { signalOf } from "../abort.js";
import { membersOf, optionsOf } from "./table.js";

/** @typedef {import("./option.js").FunctionName} FunctionName */
/** @typedef {import("./option.js").OptionRow} OptionRow */

/**
 * What each kind of option must be. Stores, their types, handlers and pages are checked where they are
 * read.
 * @type {Partial<Record<import("./option.js").Kind, { expected: string, accepts: (value: any) => boolean }>>}
 */
const KINDS = {
  text: { expected: "a string", accepts: (value) => typeof value === "string" },
  file: { expected: "a string", accepts: (value) => typeof value === "string" },
  site: { expected: "a string", accepts: (value) => typeof value === "string" },
  globs: { expected: "an array of strings", accepts: isTexts },
  files: { expected: "an array of strings", accepts: isTexts },
  "file or false": {
    expected: "a string or false",
    accepts: (value) => typeof value === "string" || value === false,
  },
  boolean: { expected: "a boolean", accepts: (value) => typeof value === "boolean" },
  count: { expected: "a number", accepts: (value) => typeof value === "number" },
  object: { expected: "an object", accepts: (value) => typeof value === "object" },
  function: { expected: "a function", accepts: (value) => typeof value === "function" },
  signal: { expected: "an AbortSignal", accepts: (value) => signalOf(value) !== undefined },
};

/**
 * The options that a function was called with, checked. Missing, `undefined` and `null` are the same, and
 * omitted.
 * @template {object} Options
 * @param {FunctionName} name
 * @param {Options} options
 * @returns {Options}
 * @throws an error with the code `INVALID_OPTION`, or what a getter of the options throws
 */
export function checkOptions(name, options) {
  if (typeof options !== "object" || options === null) {
    throw invalid(`the options must be an object, not ${describe(options)}`);
  }
  return /** @type {Options} */ (checkMembers(name, optionsOf(name), options, ""));
}

/**
 * @param {string} option
 * @param {string} problem the rest of a sentence that begins with the option
 */
export function invalidOption(option, problem) {
  return invalid(`option \`${option}\` ${problem}`);
}

/** What something is, without what it contains. @param {unknown} value */
export function describe(value) {
  if (value === undefined || value === null) return String(value);
  const type = typeof value;
  return type === "object" ? "an object" : `a ${type}`;
}

/**
 * @param {FunctionName} name
 * @param {OptionRow[]} rows
 * @param {any} given
 * @param {string} prefix of the members' names
 */
function checkMembers(name, rows, given, prefix) {
  /** @type {Record<string, unknown>} */
  const checked = {};
  for (const row of rows) {
    const member = row.name.slice(prefix.length);
    const value = given[member];
    if (value === undefined || value === null) {
      if (!row.requiredBy?.includes(name)) continue;
      const { expected } = KINDS[row.kind] ?? {};
      if (expected === undefined) {
        checked[member] = value;
        continue;
      }
      const problem = value === null ? `must be ${expected}, not null` : "is missing";
      throw invalidOption(row.name, problem);
    }
    checkValue(row, value);
    checked[member] =
      row.kind === "object"
        ? checkMembers(name, membersOf(row.name, name), value, `${row.name}.`)
        : value;
  }
  return checked;
}

/**
 * Checks one value, which is neither `undefined` nor `null`.
 * @param {OptionRow} row
 * @param {any} value
 * @throws an error with the code `INVALID_OPTION`
 */
export function checkValue({ name, kind, max = Infinity, mayBeEmpty = false }, value) {
  const { expected, accepts } = KINDS[kind] ?? {};
  if (accepts?.(value) === false) {
    const shown = kind === "file or false" && value === true ? "true" : describe(value);
    throw invalidOption(name, `must be ${expected}, not ${shown}`);
  }
  if (value === "" && !mayBeEmpty) throw invalidOption(name, "is empty");
  if (Array.isArray(value) && value.includes(""))
    throw invalidOption(name, `has an empty ${kind === "globs" ? "glob" : "path"}`);
  if (kind === "count" && !(Number.isSafeInteger(value) && value >= 1 && value <= max)) {
    throw invalidOption(name, `must be a whole number from 1 to ${max}, not ${value}`);
  }
}

/** @param {unknown} value */
function isTexts(value) {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

/** @param {string} message */
function invalid(message) {
  return Object.assign(new Error(message), { code: "INVALID_OPTION" });
}
