// Tries packed packages with nothing but Node and its npm: in images that have no more.
//
// In: `node scripts/release/try-packages.js`, `dist/packages/`. Out: an error if a program that
// imports or requires the package does not seed its page.
// Never: a package from the registry that is ours.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { MANIFEST, ROOT, WORK, hostTarget } from "./targets.js";

const { platform } = hostTarget();
const project = mkdtempSync(path.join(os.tmpdir(), "seed-native-project-"));
process.once("exit", () => rmSync(project, { recursive: true, force: true }));

cpSync(path.join(ROOT, "__test__", "install", "consumer"), project, { recursive: true });
writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true }));
run("npm", ["install", "--omit=optional", "--no-audit", "--no-fund", tarballOf(MANIFEST.name)]);
const native = path.join("node_modules", ...`${MANIFEST.name}-${platform}`.split("/"));
mkdirSync(path.join(project, native));
const tarball = tarballOf(`${MANIFEST.name}-${platform}`);
run("tar", ["-xzf", tarball, "-C", native, "--strip-components=1"]);
for (const script of ["import.mjs", "require.cjs", "workers.mjs"]) run(process.execPath, [script]);
console.log(`${platform}, Node ${process.version}: good`);

/** @param {string} name */
function tarballOf(name) {
  const file = `${name.slice(1).replace("/", "-")}-${MANIFEST.version}.tgz`;
  return path.join(WORK, "packages", file);
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: project, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}
