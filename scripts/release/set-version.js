// Sets the version of everything that is released, and dates the changelog.
//
// Usage: `npm run release -- set-version 1.2.3`. Commit and tag the result.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mustRun } from "./must-run.js";
import { ROOT } from "./targets.js";

const version = process.argv[2] ?? "";
if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/u.test(version)) throw new Error(`not a version: ${version}`);
const npm = process.env.npm_execpath;
if (npm === undefined) throw new Error("start this with `npm run release -- set-version 1.2.3`");

edit("Cargo.toml", /(^\[workspace\.package\]\nversion = )".*"$/mu, `$1"${version}"`);
const today = new Date().toISOString().slice(0, 10);
edit("CHANGELOG.md", /^## Unreleased$/mu, `## ${version} (${today})`);
mustRun("cargo", ["update", "--workspace", "--offline"]);
mustRun(process.execPath, [
  npm,
  "version",
  version,
  "--no-git-tag-version",
  "--allow-same-version",
]);
mustRun(process.execPath, [
  path.join("node_modules", "@napi-rs", "cli", "dist", "cli.js"),
  "version",
]);
mustRun(process.execPath, [path.join("scripts", "release", "check-version.js"), `v${version}`]);

/**
 * @param {string} file
 * @param {RegExp} what
 * @param {string} by
 */
function edit(file, what, by) {
  const place = path.join(ROOT, file);
  const text = readFileSync(place, "utf-8");
  if (!what.test(text)) throw new Error(`${file} has no ${what}`);
  writeFileSync(place, text.replace(what, by));
}
