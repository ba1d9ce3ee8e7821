// Writes the tables of options and flags into docs/, from the options table. A test compares them.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { OPTIONS, SECTIONS } from "../lib/options/table.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Documents that have tables. */
export const DOCUMENTS = ["docs/options.md", "docs/cli.md"];

/** What stands before and behind a table: `<!-- options: build -->` … `<!-- end -->`. */
const TABLE = /^<!-- (options|flags): (\S+) -->\n[^]*?^<!-- end -->$/gmu;

/** @typedef {import("../lib/options/option.js").OptionRow} OptionRow */

/**
 * A document with its tables as they should be.
 * @param {string} text
 */
export function withTables(text) {
  return text.replaceAll(TABLE, (_, kind, name) => {
    const table = kind === "options" ? optionTable(name) : flagTable(name);
    return [`<!-- ${kind}: ${name} -->`, "", ...table, "", "<!-- end -->"].join("\n");
  });
}

/** @param {string} section */
function optionTable(section) {
  const rows = SECTIONS[section]?.rows ?? [];
  return [
    "| option | default | |",
    "|---|---|---|",
    ...rows.map((row) =>
      cells([`\`${row.name}\``, defaultOf(row), kindOfStore(row) + row.doc + rangeOf(row)]),
    ),
  ];
}

/** @param {string} name a section, for the flags of every command in it, or a command */
function flagTable(name) {
  const rows = SECTIONS[name]?.rows ?? OPTIONS;
  const isOfTable = (/** @type {string[] | undefined} */ commands) =>
    name in SECTIONS ? commands === undefined : (commands?.includes(name) ?? false);
  return [
    "| flag | default | |",
    "|---|---|---|",
    ...rows.flatMap((row) =>
      (row.flags ?? [])
        .filter(({ commands }) => isOfTable(commands))
        .map(({ flags, doc }) =>
          cells([
            flags.replaceAll(/-[^,]+/gu, (flag) => `\`${flag.trim()}\``),
            flags.includes("--no-") ? "off" : defaultOf(row),
            doc ?? row.doc,
          ]),
        ),
    ),
  ];
}

/** @param {OptionRow} row */
function defaultOf(row) {
  if (row.default !== undefined) return row.default;
  return row.kind === "boolean" ? "off" : "required";
}

/** @param {OptionRow} row */
function kindOfStore({ storeTypes }) {
  if (storeTypes === undefined) return "";
  return `${storeTypes.map((type) => `\`${type}\``).join(", ")}: `;
}

/** @param {OptionRow} row */
function rangeOf({ kind, max = 0, unit }) {
  if (kind !== "count" || max >= Number.MAX_SAFE_INTEGER) return "";
  const most = max.toLocaleString("en-US");
  return `; 1 to ${most}${unit === undefined ? "" : ` ${unit}`}`;
}

/** @param {string[]} texts */
function cells(texts) {
  return `| ${texts.map((text) => text.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of DOCUMENTS) {
    const file = path.join(ROOT, name);
    writeFileSync(file, withTables(readFileSync(file, "utf-8")));
  }
}
