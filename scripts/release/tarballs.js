// Finds and reads the packed tarballs in `dist/packages/`.

import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { MANIFEST, WORK } from "./targets.js";
import { mustRun } from "./must-run.js";

/** @param {string} name */
export function tarballOf(name) {
  const file = `${name.slice(1).replace("/", "-")}-${MANIFEST.version}.tgz`;
  return path.join(WORK, "packages", file);
}

/**
 * Unpacks a package.
 * @param {string} name
 * @param {string} directory is made
 */
export function unpack(name, directory) {
  const tarball = tarballOf(name);
  if (!existsSync(tarball)) throw new Error(`${tarball} is missing; run "npm run release -- pack"`);
  mkdirSync(directory, { recursive: true });
  // Named within its directory: GNU tar takes what is before a colon for a host.
  const copy = path.join(directory, "package.tgz");
  copyFileSync(tarball, copy);
  mustRun("tar", ["-xzf", "package.tgz", "--strip-components=1"], { cwd: directory });
  rmSync(copy);
}
