// A package as a project has it installed.
//
// In: a project's directory and a package's name. Out: the package's place and its `package.json`.
// Never: a package that Node would not find from there, and never its code.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/**
 * @typedef {object} InstalledPackage
 * @property {string} directory
 * @property {{ name?: string, version?: string, bin?: string | Record<string, string> }} manifest
 */

/**
 * Finds a package where Node would from within a project.
 * @param {string} root
 * @param {string} name
 * @returns {InstalledPackage | undefined}
 */
export function findPackage(root, name) {
  const require = createRequire(path.join(path.resolve(root), "package.json"));
  // Most packages do not export their `package.json`, so look where Node looks instead.
  for (const modules of require.resolve.paths(name) ?? []) {
    const directory = path.join(modules, name);
    try {
      const manifest = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf-8"));
      return { directory, manifest };
    } catch {
      // Not here, or not readable, which for Node is the same.
    }
  }
  return undefined;
}

/**
 * The script behind a package's command, to be run with Node and without a shell.
 * @param {string} root
 * @param {string} name the package's name, which is also the command's
 * @returns {string | undefined}
 */
export function findCommand(root, name) {
  const found = findPackage(root, name);
  const bin = found?.manifest.bin;
  const script = typeof bin === "object" ? bin[name] : bin;
  return found && script ? path.join(found.directory, script) : undefined;
}
