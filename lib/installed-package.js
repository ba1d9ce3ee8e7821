// A package as a project has it installed.
//
// In: a project's directory and a package's name. Out: the package's place and its `package.json`.
// Never: a package that Node would not find from there, and never its code.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/**
 * @typedef {object} InstalledPackage
 * @property {string} directory
 * @property {{ name?: string, version?: string, bin?: string | Record<string, string> }} manifest
 */

/**
 * Finds a package where Node would from within a project: in `node_modules` (npm, pnpm, workspaces)
 * or through Yarn's Plug'n'Play.
 * @param {string} root
 * @param {string} name
 * @returns {InstalledPackage | undefined}
 */
export function findPackage(root, name) {
  const home = path.resolve(root);
  for (const directory of candidates(home, name)) {
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

/**
 * Where a package may be, the likeliest place first.
 * @param {string} home
 * @param {string} name
 * @returns {string[]}
 */
function candidates(home, name) {
  const plugAndPlay = resolvePlugAndPlay(home, name);
  if (plugAndPlay !== undefined) return [plugAndPlay];
  const require = createRequire(path.join(home, "package.json"));
  // Most packages do not export their `package.json`, so look where Node looks instead.
  return (require.resolve.paths(name) ?? []).map((modules) => path.join(modules, name));
}

/**
 * The place of a package in a Plug'n'Play project. It may be in an archive, which can only be read
 * where Yarn's loader runs (`yarn node`); then it is not found.
 * @param {string} home
 * @param {string} name
 * @returns {string | undefined}
 */
function resolvePlugAndPlay(home, name) {
  for (let directory = home; ; directory = path.dirname(directory)) {
    // A project of its own inside the Plug'n'Play project.
    if (existsSync(path.join(directory, "node_modules"))) return undefined;
    const file = path.join(directory, ".pnp.cjs");
    if (existsSync(file)) {
      try {
        const api = createRequire(file)(file);
        return api.resolveToUnqualified(name, `${home}${path.sep}`) ?? undefined;
      } catch {
        // Not among the project's dependencies.
        return undefined;
      }
    }
    if (directory === path.dirname(directory)) return undefined;
  }
}
