// A release without publishing: everything of it that can be done on this machine, for this machine's
// platform.
//
// In: `npm run release:dry-run`. Out: `dist/packages/`, `dist/sbom/`, and whether all is well.
// Never: a request to npm or GitHub that changes anything. Package registries are asked for what
// the lock files name.

import path from "node:path";
import { mustRun } from "./must-run.js";

const npm = process.env.npm_execpath;
if (npm === undefined) throw new Error("run it by npm: npm run release:dry-run");

node("scripts/release/check-version.js");
node("scripts/prepare.js", ".");
node(npm, "run", "lint:workflows");
node("scripts/release/build.js");
node("scripts/release/licences.js");
node(npm, "run", "release:pack");
node(npm, "run", "test:packages");
node(npm, "run", "release:try");
node(npm, "run", "release:sbom");
node("scripts/release/reproducible.js");
console.log("\nall well; a tag would publish this for every platform");

/** @param {...string} command */
function node(...command) {
  const shown = command.map((word) => (path.isAbsolute(word) ? path.basename(word) : word));
  console.log(`\n=== ${shown.join(" ")}`);
  mustRun(process.execPath, command);
}
