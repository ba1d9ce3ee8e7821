// Real apps: the route zoo, put together and built with a published vinext.
//
// In: a version that has a folder in `versions/`. Out: a built project in that folder.
// Never: a change to what is committed; the zoo is copied in, and what is copied is ignored by git.

import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findCommand } from "../lib/installed-package.js";

const HOME = path.dirname(fileURLToPath(import.meta.url));
const ZOO = path.join(HOME, "zoo");

/**
 * Builds the zoo with one version, pages pre-rendered.
 * @param {string} version
 * @returns {string} the project's directory
 */
export function buildZoo(version) {
  const root = path.join(HOME, "versions", version);
  for (const part of readdirSync(ZOO)) {
    rmSync(path.join(root, part), { recursive: true, force: true });
    cpSync(path.join(ZOO, part), path.join(root, part), { recursive: true });
  }
  rmSync(path.join(root, "dist"), { recursive: true, force: true });
  // What the version's own `npm run build` says, without the shell: commands differ by version.
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf-8"));
  const [command = "", ...args] = scripts.build.split(" ");
  const script = findCommand(root, command);
  if (script === undefined) throw new Error(`${command} is not installed in ${root}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: "utf-8",
  });
  if (status !== 0) throw new Error(`building the zoo failed in ${root}:\n${stdout}\n${stderr}`);
  return root;
}
