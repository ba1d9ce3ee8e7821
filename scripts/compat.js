// `npm run test:compat [-- NAME...]`: the compatibility matrix, and the table that shows it.
//
// In: names of setups, all by default. Out: a line per setup; with all of them also
// docs/compatibility.md. Never: a table of a run that had a problem.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MATRIX, setupNamed } from "../compat/matrix.js";
import { verify } from "../compat/verify.js";

const REPOSITORY = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const DOCUMENT = path.join(REPOSITORY, "docs", "compatibility.md");
/** What stands between these lines is written by this script. */
const [BEGIN, END] = ["<!-- begin: npm run test:compat -->", "<!-- end -->"];

const names = process.argv.slice(2);
const setups = names.length === 0 ? MATRIX : names.map(setupNamed);
/** @type {import("../compat/verify.js").Verdict[]} */
const verdicts = [];
for (const setup of setups) {
  const verdict = await verify(setup);
  verdicts.push(verdict);
  const counts = [verdict.html, verdict.rsc, verdict.metadata].map(ratio).join(", ");
  console.log(`${verdict.name}: ${counts} HIT (html, rsc, metadata)`);
  for (const problem of verdict.problems) console.log(`  problem: ${problem}`);
}
const hits = sum((verdict) => verdict.html.seen + verdict.rsc.seen + verdict.metadata.seen);
const all = sum((verdict) => verdict.html.of + verdict.rsc.of + verdict.metadata.of);
console.log(`${hits}/${all} entries HIT on the first request, in ${verdicts.length} setups`);
if (verdicts.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
else if (names.length === 0) writeTable();

/** @param {(verdict: import("../compat/verify.js").Verdict) => number} part */
function sum(part) {
  return verdicts.reduce((total, verdict) => total + part(verdict), 0);
}

/** @param {{ seen: number, of: number }} count */
function ratio({ seen, of }) {
  return of === 0 ? "-" : `${seen}/${of}`;
}

function writeTable() {
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
  const rows = verdicts.map((verdict) => {
    const { claims } = setupNamed(verdict.name);
    const { of } = verdict.query;
    return [
      verdict.name,
      verdict.generation,
      ratio(verdict.html),
      ratio(verdict.rsc),
      ratio(verdict.metadata),
      ratio(verdict.content),
      `${of} × ${claims.query.toUpperCase()}`,
      yes(verdict.staleThenFresh),
      yes(verdict.purgedByPath),
      yes(verdict.purgedByTag),
      claims.proven ? "" : "needed",
    ];
  });
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const table = [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
  const document = readFileSync(DOCUMENT, "utf-8");
  const [before, after] = [document.split(BEGIN)[0], document.split(END)[1]];
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n${table}\n${END}${after}`);
}

/** @param {boolean} value */
function yes(value) {
  return value ? "yes" : "no";
}
