// Checks that everything that is released has one version and a changelog section.
//
// Usage: `node scripts/release/check-version.js [tag]`; with a tag, prints its changes as Markdown.

import { readFileSync } from "node:fs";
import path from "node:path";
import { MANIFEST, ROOT, TARGETS } from "./targets.js";

const { version } = MANIFEST;
const tag = process.argv[2];

const workspace = /^\[workspace\.package\]\nversion = "(?<version>.*)"$/mu.exec(read("Cargo.toml"));
/** @type {[string, string | undefined][]} */
const found = [["Cargo.toml", workspace?.groups?.version]];
for (const { platform } of TARGETS) {
  const file = path.join("npm", platform, "package.json");
  found.push([file, JSON.parse(read(file)).version]);
}
if (tag !== undefined) found.push(["the tag", tag.replace(/^v/u, "")]);
for (const [file, other] of found) {
  if (other !== version) throw new Error(`package.json says ${version}, ${file} says ${other}`);
}
if (tag !== undefined) console.log(changesOf(version));

/** @param {string} wanted a version */
function changesOf(wanted) {
  const sections = read("CHANGELOG.md").split(/^## /mu).slice(1);
  const section = sections.find((text) => text.split(/\s/u, 1)[0] === wanted);
  const changes = section?.split("\n").slice(1).join("\n").trim();
  if (!changes) throw new Error(`CHANGELOG.md has no section "## ${wanted}", or nothing in it`);
  return changes;
}

/** @param {string} file */
function read(file) {
  return readFileSync(path.join(ROOT, file), "utf-8");
}
