// The flags of the command, made from the options table, and how their values are read.

import path from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { OPTIONS, SECTIONS } from "../options/table.js";

/** @typedef {import("../options/option.js").OptionRow} OptionRow */
/** @typedef {import("../options/option.js").Flag} Flag */
/** @typedef {import("../options/option.js").Command} CommandName */

/**
 * Adds the flags that every command has, in groups.
 * @param {import("commander").Command} program
 */
export function addCommonFlags(program) {
  for (const { rows, heading } of Object.values(SECTIONS)) {
    for (const option of flagsOf(rows, undefined)) program.addOption(option.helpGroup(heading));
  }
}

/**
 * Adds the flags that only one command has.
 * @param {import("commander").Command} command
 * @param {CommandName} name
 */
export function addFlagsOf(command, name) {
  for (const option of flagsOf(OPTIONS, name)) command.addOption(option);
}

/**
 * What was read, by the names of the options. A member of an object is in its object.
 * @param {Record<string, unknown>} read by commander's names
 * @returns {import("./arguments.js").CliOptions}
 */
export function byOptionName(read) {
  /** @type {Record<string, any>} */
  const options = {};
  for (const { name, flags = [] } of OPTIONS) {
    for (const flag of flags) {
      const value = read[attributeOf(flag)];
      if (value === undefined) continue;
      const [parent = "", member] = name.split(".");
      if (member === undefined) options[name] = value;
      else options[parent] = { ...options[parent], [member]: value };
    }
  }
  return /** @type {import("./arguments.js").CliOptions} */ (options);
}

/**
 * @param {OptionRow[]} rows
 * @param {CommandName | undefined} command
 */
function flagsOf(rows, command) {
  return rows.flatMap((row) =>
    (row.flags ?? [])
      .filter(({ commands }) => commands?.includes(/** @type {any} */ (command)) ?? !command)
      .map((flag) => optionOf(row, flag)),
  );
}

/**
 * @param {OptionRow} row
 * @param {Flag} flag
 */
function optionOf(row, { flags, help, parser, conflicts }) {
  const option = new Option(flags, help);
  if (conflicts !== undefined) option.conflicts(conflicts);
  if (flags.includes("<")) option.argParser(parser === "age" ? age : parserOf(row));
  return option;
}

/** @param {Flag} flag */
function attributeOf({ flags, help }) {
  return new Option(flags, help).attributeName();
}

/**
 * @param {OptionRow} row
 * @returns {(text: string, before: any) => unknown}
 */
function parserOf({ kind, mayBeEmpty, max, unit }) {
  const text = mayBeEmpty ? (/** @type {string} */ given) => given : some;
  switch (kind) {
    case "count":
      return (given) => (unit === "s" ? seconds(given, max) : atLeastOne(given, max));
    case "file":
    case "file or false":
      return file;
    case "files":
      return (given, before = []) => [...before, file(given)];
    case "globs":
      return (given, before = []) => [...before, some(given)];
    case "store":
      return storeName;
    default:
      return text;
  }
}

/** @param {string} text with a directory that is relative to the current one, as other paths are */
function storeName(text) {
  const [, directory] = /^dir:(.+)$/su.exec(text) ?? [];
  return directory === undefined ? some(text) : `dir:${path.resolve(directory)}`;
}

/** @param {string} text */
export function some(text) {
  if (text.trim() === "") throw new InvalidArgumentError("It is empty.");
  return text;
}

/** @param {string} text relative to the current directory, as wrangler takes it */
function file(text) {
  return path.resolve(some(text));
}

/**
 * @param {string} text
 * @param {number} [max]
 */
function atLeastOne(text, max = Number.MAX_SAFE_INTEGER) {
  const value = Number(text);
  if (!/^\d+$/u.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It takes a whole number of at least 1.");
  }
  if (value > max) throw new InvalidArgumentError(`It takes at most ${max}.`);
  return value;
}

/** Seconds in the units of ages. */
const AGE_UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** @param {string} text */
function age(text) {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/u.exec(text) ?? [];
  if (count === undefined || Number(count) === 0) {
    throw new InvalidArgumentError("It takes a number and a unit: 90m, 12h, 7d or 4w.");
  }
  return Number(count) * AGE_UNITS[/** @type {keyof typeof AGE_UNITS} */ (unit)];
}

/**
 * @param {string} text
 * @param {number} [max]
 */
function seconds(text, max = Number.MAX_SAFE_INTEGER) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It takes a whole number of seconds.");
  }
  if (value > max) {
    const hint = value % 1000 === 0 ? ` Are these milliseconds? Then it is ${value / 1000}.` : "";
    throw new InvalidArgumentError(`It takes at most ${max} seconds.${hint}`);
  }
  return value;
}
