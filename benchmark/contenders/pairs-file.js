// Writes a site's pairs to a file for wrangler (`ROOT FILE [PAIRS]`). It is not part of the measurement.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { filesOf, openBuild, pairsOf } from "./entries.js";

const [root = "", file = "", most = "Infinity"] = process.argv.slice(2);
const build = openBuild(root);
const out = openSync(file, "w");
let written = 0;
for (const route of build.routes) {
  const { html, rsc } = filesOf(build, route);
  for (const pair of pairsOf(build, route, readFileSync(html, "utf-8"), readFileSync(rsc))) {
    if (written >= Number(most)) break;
    writeSync(out, `${written === 0 ? "[" : ","}${JSON.stringify(pair)}`);
    written += 1;
  }
  if (written >= Number(most)) break;
}
writeSync(out, "]");
closeSync(out);
