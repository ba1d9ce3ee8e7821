// Writes the licences of everything in the binaries to `dist/THIRD-PARTY-LICENSES.txt`.
//
// Fails on a licence that is not in about.toml.

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
