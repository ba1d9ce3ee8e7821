// Checks that two builds in differently named directories give the same bytes.
//
// Usage: `npm run release -- reproducible [target] [--like file]`. It builds what is committed, from the sources
// alone. With `--like`, the builds must equal that file, which another machine may have built.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { mustRun } from "./must-run.js";
import { ROOT, hostTarget, targetOf } from "./targets.js";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { like: { type: "string" } },
});
const [name] = positionals;
const target = name === undefined ? hostTarget() : targetOf(name);

const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-twice-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

// One is deeper, so that a path that is left in one of them moves what comes after it.
const digests = ["one", path.join("the", "other", "directory")].map((directory) => {
  const copy = path.join(scratch, directory);
  mkdirSync(copy, { recursive: true });
  mustRun("git", ["--work-tree", copy, "checkout", "--force", "HEAD", "--", "."], {
    env: { ...process.env, GIT_INDEX_FILE: path.join(scratch, "index") },
  });
  symlinkSync(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"), "junction");
  const script = path.join(copy, "scripts", "release", "build.js");
  mustRun(process.execPath, [script, target.triple], {
    cwd: copy,
    env: { ...process.env, CARGO_TARGET_DIR: path.join(copy, "target") },
  });
  return digestOf(path.join(copy, "dist", "artifacts", target.triple, target.file));
});
if (values.like !== undefined) digests.push(digestOf(values.like));

if (new Set(digests).size > 1) throw new Error(`the builds differ: ${digests.join(", ")}`);
console.log(`${target.file}: ${digests.length} times ${digests[0]}`);

/** @param {string} file */
function digestOf(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
