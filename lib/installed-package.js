// Finds a package installed in a project: its directory and `package.json`, without running its code.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { askReader } from "./reader.js";
import { readRegularFile } from "./regular-file.js";

const PLUG_AND_PLAY_READER = fileURLToPath(new URL("./plug-and-play-reader.js", import.meta.url));

/** The largest file of a package that is read, in bytes. Those of published versions have up to 150 KB. */
const MAX_PACKAGE_FILE_BYTES = 8 * 1024 * 1024;

/** How long a Plug'n'Play loader may take. Those of large monorepos have tens of megabytes. */
const PLUG_AND_PLAY_TIMEOUT_MS = 20_000;

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
 * @param {AbortSignal} [signal]
 * @returns {Promise<InstalledPackage | undefined>}
 */
export async function findPackage(root, name, signal) {
  const home = path.resolve(root);
  for (const directory of await candidates(home, name, signal)) {
    try {
      return { directory, manifest: readPackageManifest(directory) };
    } catch {
      // Missing or unreadable, which is the same to Node.
    }
  }
  return undefined;
}

/**
 * @param {string} directory of a package
 * @returns {any} its `package.json`
 * @throws if it cannot be read or is no JSON
 */
export function readPackageManifest(directory) {
  return JSON.parse(readPackageFile(directory, "package.json"));
}

/**
 * @param {string} directory of a package
 * @param {string} name
 * @returns {string} the file's text
 * @throws if it cannot be read
 */
export function readPackageFile(directory, name) {
  return readRegularFile(path.join(directory, name), MAX_PACKAGE_FILE_BYTES);
}

/**
 * The script behind a package's command, to be run with Node and without a shell.
 * @param {string} root
 * @param {string} name the package's name, which is also the command's
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>}
 */
export async function findCommand(root, name, signal) {
  const found = await findPackage(root, name, signal);
  const bin = found?.manifest.bin;
  const script = typeof bin === "object" ? bin[name] : bin;
  return found && script ? path.join(found.directory, script) : undefined;
}

/**
 * Where a package may be, the likeliest place first.
 * @param {string} home
 * @param {string} name
 * @param {AbortSignal} [signal]
 * @returns {Promise<string[]>}
 */
async function candidates(home, name, signal) {
  const plugAndPlay = await resolvePlugAndPlay(home, name, signal);
  if (plugAndPlay !== undefined) return [plugAndPlay];
  const require = createRequire(path.join(home, "package.json"));
  // Most packages do not export their `package.json`, so look where Node looks instead.
  return (require.resolve.paths(name) ?? []).map((modules) => path.join(modules, name));
}

/**
 * The location of a package in a Plug'n'Play project. It may be in an archive, which can only be read
 * where Yarn's loader runs (`yarn node`); then it is not found.
 * @param {string} home
 * @param {string} name
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>}
 */
async function resolvePlugAndPlay(home, name, signal) {
  for (let directory = home; ; directory = path.dirname(directory)) {
    // A separate project inside the Plug'n'Play project.
    if (existsSync(path.join(directory, "node_modules"))) return undefined;
    const file = path.join(directory, ".pnp.cjs");
    if (existsSync(file)) {
      const place = { cwd: home, env: process.env, signal, timeoutMs: PLUG_AND_PLAY_TIMEOUT_MS };
      const args = [file, name, `${home}${path.sep}`];
      const answer = await askReader(PLUG_AND_PLAY_READER, args, place);
      // An error: it is not among the project's dependencies.
      return "found" in answer && typeof answer.found === "string" ? answer.found : undefined;
    }
    if (directory === path.dirname(directory)) return undefined;
  }
}
