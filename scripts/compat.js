// `npm run test:compat [-- NAME...]`: the compatibility matrix, and the tables that show it.
//
// Invariant: docs/compatibility.md is written only if the last run of every setup had no problem.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MATRIX, setupNamed } from "../compat/matrix.js";
import { verify } from "../compat/verify.js";

const REPOSITORY = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const DOCUMENT = path.join(REPOSITORY, "docs", "compatibility.md");
const PREPARE = path.join(REPOSITORY, "scripts", "prepare.js");

/** @typedef {import("../compat/verify.js").Verdict} Verdict */

/** What the last run of each setup has shown, so that the whole need not be run at once. */
const VERDICTS = path.join(REPOSITORY, "compat", "work", "verdicts");

const names = process.argv.slice(2);
const setups = names.length === 0 ? MATRIX : names.map(setupNamed);
/** @type {Verdict[]} */
const verdicts = [];
for (const setup of setups) {
  install(setup.packages);
  const verdict = await verify(setup).catch((error) => failed(setup.name, error));
  verdicts.push(verdict);
  mkdirSync(VERDICTS, { recursive: true });
  writeFileSync(fileOf(setup.name), JSON.stringify(verdict));
  const counts = [verdict.html, verdict.rsc, verdict.metadata].map(ratio).join(", ");
  console.log(
    `${verdict.name}: ${counts} HIT (html, rsc, metadata); ${verdict.requests} requests compared`,
  );
  for (const problem of verdict.problems) console.log(`  problem: ${problem}`);
}
const hits = sum((verdict) => verdict.html.seen + verdict.rsc.seen + verdict.metadata.seen);
const all = sum((verdict) => verdict.html.of + verdict.rsc.of + verdict.metadata.of);
console.log(`${hits}/${all} entries HIT on the first request, in ${verdicts.length} setups`);
if (verdicts.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
const last = MATRIX.flatMap(({ name }) => lastOf(name) ?? []);
const passed = last.filter(({ problems }) => problems.length === 0);
if (passed.length === MATRIX.length) writeTables(passed);
else console.log(`${passed.length} of ${MATRIX.length} setups have passed so far`);

/** @param {string} name */
function fileOf(name) {
  return path.join(VERDICTS, `${name}.json`);
}

/**
 * @param {string} name
 * @returns {Verdict | undefined}
 */
function lastOf(name) {
  const file = fileOf(name);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf-8")) : undefined;
}

/**
 * Installed when its turn comes: each takes some 350 MB, and one setup needs one.
 * @param {string} packages
 */
function install(packages) {
  const { status } = spawnSync(process.execPath, [PREPARE, packages], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * @param {string} name
 * @param {Error} error
 * @returns {Verdict}
 */
function failed(name, error) {
  const none = { seen: 0, of: 0 };
  const nothing = { html: none, rsc: none, metadata: none, content: none, requests: 0, meant: 0 };
  return { name, generation: "-", ...nothing, problems: [error.message] };
}

/** @param {(verdict: Verdict) => number} part */
function sum(part) {
  return verdicts.reduce((total, verdict) => total + part(verdict), 0);
}

/** @param {{ seen: number, of: number }} count */
function ratio({ seen, of }) {
  return of === 0 ? "-" : `${seen}/${of}`;
}

/** @param {Verdict[]} shown */
function writeTables(shown) {
  const document = readFileSync(DOCUMENT, "utf-8");
  const withVersions = replaced(document, "versions", versionsTable(shown));
  writeFileSync(DOCUMENT, replaced(withVersions, "projects", projectsTable(shown)));
}

/** @param {Verdict[]} shown */
function versionsTable(shown) {
  const rows = shown.flatMap((verdict) => {
    const { later } = verdict;
    const { claims } = setupNamed(verdict.name);
    if (later === undefined || claims === undefined) return [];
    return [
      [
        verdict.name,
        verdict.generation,
        ratio(verdict.html),
        ratio(verdict.rsc),
        ratio(verdict.metadata),
        ratio(verdict.content),
        `${later.query.of} × ${claims.query.toUpperCase()}`,
        yes(later.staleThenFresh),
        yes(later.purgedByPath),
        yes(later.purgedByTag),
        claims.proven ? "" : "needed",
      ],
    ];
  });
  const head = [
    "vinext",
    "format",
    "html",
    "rsc",
    "metadata",
    "same content",
    "`?utm=1`",
    "stale, then fresh",
    "`revalidatePath` of a pattern",
    "`revalidateTag`",
    "opt-in",
  ];
  return table(head, rows);
}

/** @param {Verdict[]} shown */
function projectsTable(shown) {
  const head = ["project", "requests", "entries", "HIT", "seeded", "expected differences"];
  const rows = shown.map((verdict) => {
    const { html, rsc, metadata, requests, skipped, meant } = verdict;
    const entries = html.of + rsc.of + metadata.of;
    const seen = html.seen + rsc.seen + metadata.seen;
    const seeded = skipped === undefined ? "yes" : `no: \`${skipped}\``;
    return [verdict.name, requests, entries, seen, seeded, meant].map(String);
  });
  return table(head, rows);
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/**
 * What stands between two comments is written by this script.
 * @param {string} document
 * @param {string} name
 * @param {string} content
 */
function replaced(document, name, content) {
  const [begin, end] = [`<!-- begin: npm run test:compat, ${name} -->`, `<!-- end: ${name} -->`];
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${DOCUMENT} has no place for ${name}`);
  return `${before}${begin}\n${content}\n${end}${after}`;
}

/** @param {boolean} value */
function yes(value) {
  return value ? "yes" : "no";
}
