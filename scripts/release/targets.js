// The release targets, one binary and one platform package each, from package.json and `npm/`.

import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** What a release is made in; not committed. */
export const WORK = path.join(ROOT, "dist");

/** What `licences.js` writes, and every platform's package has. */
export const THIRD_PARTY_LICENSES = path.join(WORK, "THIRD-PARTY-LICENSES.txt");

/** The manifest of the main package. */
export const MANIFEST = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf-8"));

/**
 * @typedef {object} Target
 * @property {string} triple as rustc calls it: `x86_64-unknown-linux-gnu`
 * @property {string} platform as in the package's name: `linux-x64-gnu`
 * @property {string} os as Node calls it
 * @property {string} cpu as Node calls it
 * @property {"glibc" | "musl" | undefined} libc on Linux
 * @property {string} file the binary's name
 */

/** @type {Target[]} */
export const TARGETS = MANIFEST.napi.targets.map((/** @type {string} */ triple) => {
  const [cpu = "", , system = "", abi] = triple.split("-");
  const os = system === "windows" ? "win32" : system;
  const platform = [os, cpu === "aarch64" ? "arm64" : "x64", abi].filter(Boolean).join("-");
  const manifest = JSON.parse(
    readFileSync(path.join(ROOT, "npm", platform, "package.json"), "utf-8"),
  );
  return {
    triple,
    platform,
    os: manifest.os[0],
    cpu: manifest.cpu[0],
    libc: manifest.libc?.[0],
    file: manifest.main,
  };
});

/** The target of the machine that this runs on. */
export function hostTarget() {
  const found = TARGETS.find(
    ({ os, cpu, libc }) => os === process.platform && cpu === process.arch && libc === hostLibc(),
  );
  if (found === undefined) throw new Error(`nothing is built for ${process.platform}`);
  return found;
}

/**
 * @param {string} name a triple or a platform
 * @returns {Target}
 */
export function targetOf(name) {
  const found = TARGETS.find(({ triple, platform }) => triple === name || platform === name);
  if (found === undefined) {
    const known = TARGETS.map(({ triple }) => triple).join(", ");
    throw new Error(`unknown target ${name}; there are ${known}`);
  }
  return found;
}

function hostLibc() {
  if (process.platform !== "linux") return undefined;
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  );
  return header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}
