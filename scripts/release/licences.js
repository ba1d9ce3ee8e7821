// The licences of all that is in the binaries, as they ask to be passed on.
//
// In: `npm run release:licences`, Cargo.lock. Out: `dist/THIRD-PARTY-LICENSES.txt`, for the packages.
// Never: a licence that is not in about.toml, and nothing from the network but crates.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { mustRun } from "./must-run.js";
import { THIRD_PARTY_LICENSES, WORK } from "./targets.js";

mkdirSync(WORK, { recursive: true });
mustRun("cargo", ["fetch", "--locked"]);
const here = path.join("scripts", "release");
mustRun(process.execPath, [
  path.join("scripts", "cargo-tool.js"),
  ...["about", "generate", "--locked", "--offline", "--fail"],
  ...["--config", path.join(here, "about.toml"), path.join(here, "licences.hbs")],
  ...["--output-file", THIRD_PARTY_LICENSES],
]);
