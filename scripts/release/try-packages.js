// Tries the packed packages with nothing but Node and npm, for images where the other tests' tools do not run.
//
// Fails if a program that imports or requires the package does not seed its page.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { mustRun } from "./must-run.js";
import { tarballOf, unpack } from "./tarballs.js";
import { MANIFEST, ROOT, hostTarget } from "./targets.js";

const { platform } = hostTarget();
const project = mkdtempSync(path.join(os.tmpdir(), "seed-native-project-"));
process.once("exit", () => rmSync(project, { recursive: true, force: true }));

cpSync(path.join(ROOT, "__test__", "install", "consumer"), project, { recursive: true });
writeFileSync(path.join(project, "package.json"), JSON.stringify({ private: true }));
// Without a shell Windows has no command `npm`, so there npm has to run this script.
const cli = process.env.npm_execpath;
const [npm, before] = cli === undefined ? ["npm", []] : [process.execPath, [cli]];
const install = ["install", "--omit=optional", "--no-audit", "--no-fund", tarballOf(MANIFEST.name)];
mustRun(npm, [...before, ...install], { cwd: project });
const native = `${MANIFEST.name}-${platform}`;
unpack(native, path.join(project, "node_modules", ...native.split("/")));
for (const script of ["import.mjs", "require.cjs", "workers.mjs"]) {
  mustRun(process.execPath, [script], { cwd: project });
}
console.log(`${platform}, Node ${process.version}: good`);
