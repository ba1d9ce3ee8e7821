// Writes CycloneDX bills of materials of the binary and the npm package to `dist/sbom/`.
//
// They list neither build and test dependencies nor directories of this machine.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mustRun } from "./must-run.js";
import { MANIFEST, ROOT, WORK } from "./targets.js";

const OUT = path.join(WORK, "sbom");
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const rust = path.join(OUT, "seed-native.rust.cdx.json");
const written = "seed-native.cdx";
mustRun(process.execPath, [
  path.join("scripts", "cargo-tool.js"),
  ...["cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", "all"],
  ...["--no-build-deps", "--override-filename", written],
]);
for (const directory of [".", path.join("crates", "vinext-seed")]) {
  const file = path.join(ROOT, directory, `${written}.json`);
  // One for each crate of the workspace; that of the addon has the other's in it.
  if (directory === ".") {
    writeFileSync(rust, readFileSync(file, "utf-8").replaceAll(ROOT, "/seed-native"));
  }
  rmSync(file);
}

const npm = path.join(OUT, "seed-native.npm.cdx.json");
mustRun(process.execPath, [
  path.join(
    "scripts",
    "release",
    "node_modules",
    "@cyclonedx",
    "cyclonedx-npm",
    "bin",
    "cyclonedx-npm-cli.js",
  ),
  ...["--package-lock-only", "--omit", "dev", "--spec-version", "1.5"],
  ...["--output-format", "JSON", "--output-reproducible", "--output-file", npm, "package.json"],
]);

for (const file of [rust, npm]) {
  const { bomFormat, metadata, components = [] } = JSON.parse(readFileSync(file, "utf-8"));
  if (bomFormat !== "CycloneDX" || metadata.component.version !== MANIFEST.version) {
    throw new Error(`${file} is not of ${MANIFEST.version}`);
  }
  console.log(`${path.relative(ROOT, file)}: ${components.length} components`);
}
