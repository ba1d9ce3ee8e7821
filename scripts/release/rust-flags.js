// RUSTFLAGS for a release: no directory of this machine ends up in the binary.

import os from "node:os";
import path from "node:path";
import { ROOT } from "./targets.js";

/** @param {import("./targets.js").Target} target */
export function rustFlagsOf({ os: system, file }) {
  // Panics name source files: by names that are the same on every machine.
  const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo");
  const remap = [
    [cargoHome, "/cargo"],
    [ROOT, "/seed-native"],
  ].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  return [process.env.RUSTFLAGS, ...remap, ...linkingOf(system, file)].filter(Boolean).join(" ");
}

/**
 * @param {string} system
 * @param {string} file
 */
function linkingOf(system, file) {
  // Without it the binary needs a runtime library that not every Windows has.
  if (system === "win32") return ["-C target-feature=+crt-static"];
  // A library has its own name in it: by default the path where it was linked.
  if (system === "darwin") return [`-C link-arg=-Wl,-install_name,@rpath/${file}`];
  return [];
}
