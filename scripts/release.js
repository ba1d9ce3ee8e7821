// `npm run release -- <step> [arguments]`: runs one step of a release.
//
// Steps are the scripts in scripts/release/; .github/CONTRIBUTING.md gives their order.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));

/** Each step, and what it needs installed in addition to the repository's own packages. */
const STEPS = {
  build: [],
  "check-version": [],
  "dry-run": [],
  licences: [],
  "lint-workflows": ["scripts/release"],
  pack: [],
  publish: [],
  reproducible: [],
  sbom: ["scripts/release"],
  "set-version": [],
  "test-packages": ["example", "compat/oracles", "__test__/install"],
  "try-packages": [],
};

const [step = "", ...args] = process.argv.slice(2);
const needs = new Map(Object.entries(STEPS)).get(step);
if (needs === undefined) {
  console.error(`npm run release -- <${Object.keys(STEPS).join(" | ")}> [arguments]`);
  process.exit(2);
}
if (needs.length > 0) run("prepare.js", needs);
run(path.join("release", `${step}.js`), args);

/**
 * @param {string} script
 * @param {string[]} args
 */
function run(script, args) {
  const options = /** @type {const} */ ({ cwd: path.dirname(HERE), stdio: "inherit" });
  const { status, error } = spawnSync(
    process.execPath,
    [path.join(HERE, script), ...args],
    options,
  );
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
