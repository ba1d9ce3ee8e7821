// Builds the addon for another platform, unoptimized, and lays out the package with it.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import { mustRun } from "../release/must-run.js";
import { ROOT } from "../release/targets.js";
import { withZig } from "../release/zig.js";
import { CACHE } from "./cache.js";
import { Missing, need } from "./missing.js";

/** Not the checkout's own, where it would push out what cargo has built for this machine. */
const CARGO_TARGET = path.join(CACHE, "cargo");

/** What every installation has, and the scripts that use it. */
const SCRIPTS = ["seed-child.js", "plan-child.js"].map((name) => `scripts/platforms/${name}`);
const PACKAGE = ["index.js", "package.json", "lib", ...SCRIPTS];

/**
 * @typedef {object} Build
 * @property {string} triple
 * @property {string} [glibc] the version to link against
 * @property {string[]} [rustc] arguments for rustc
 * @property {NodeJS.ProcessEnv} [env]
 */

/**
 * @param {Build} build
 * @param {string} library how rustc names it
 * @returns {string} its path
 */
export function buildAddon({ triple, glibc, rustc = [], env }, library) {
  addTarget(triple);
  need("python3", ["-m", "ensurepip", "--version"]);
  const goal = glibc === undefined ? triple : `${triple}.${glibc}`;
  const what = ["--locked", "--package", "vinext-seed-native", "--lib"];
  mustRun("cargo-zigbuild", ["rustc", "--target", goal, ...what, "--", ...rustc], {
    env: {
      ...withZig(),
      CARGO_TARGET_DIR: CARGO_TARGET,
      // It is built to be run once or twice.
      CARGO_INCREMENTAL: "0",
      CARGO_PROFILE_DEV_DEBUG: "0",
      ...env,
    },
  });
  return path.join(CARGO_TARGET, triple, "debug", library);
}

/**
 * Makes sure that Rust has its library for the target.
 * @param {string} triple
 */
function addTarget(triple) {
  const where = ["--print", "target-libdir", "--target", triple];
  const { stdout } = spawnSync("rustc", where, { cwd: ROOT, encoding: "utf-8" });
  if (existsSync(stdout?.trim() ?? "")) return;
  need("rustup");
  const { status } = spawnSync("rustup", ["target", "add", triple], {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) throw new Missing(`rustup cannot add the target ${triple}`);
}

/**
 * Lays out the package as a checkout has it, but with that addon alone.
 * @param {string} platform as in the addon's name
 * @param {string} addon
 * @returns {string} where
 */
export function packageWith(platform, addon) {
  const home = path.join(CACHE, platform, "package");
  rmSync(home, { recursive: true, force: true });
  for (const name of PACKAGE)
    cpSync(path.join(ROOT, name), path.join(home, name), { recursive: true });
  copyFileSync(addon, path.join(home, `seed-native.${platform}.node`));
  return home;
}
