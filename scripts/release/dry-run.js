// Runs every release step that needs no credentials or approval, for this machine's platform.
//
// Writes `dist/packages/` and `dist/sbom/`. It changes nothing on npm or GitHub.

import path from "node:path";
import { mustRun } from "./must-run.js";

if (process.env.npm_execpath === undefined) {
  throw new Error("start this with `npm run release -- dry-run`");
}

node("scripts/release/check-version.js");
node("scripts/prepare.js", ".");
node("scripts/release.js", "lint-workflows");
node("scripts/release/build.js");
node("scripts/release/licences.js");
node("scripts/release.js", "pack");
node("scripts/release.js", "test-packages");
node("scripts/release.js", "try-packages");
node("scripts/release.js", "sbom");
node("scripts/release/reproducible.js");
console.log("\nEvery step passed; a tag would publish this for every platform.");

/** @param {...string} command */
function node(...command) {
  const shown = command.map((word) => (path.isAbsolute(word) ? path.basename(word) : word));
  console.log(`\n=== ${shown.join(" ")}`);
  mustRun(process.execPath, command);
}
