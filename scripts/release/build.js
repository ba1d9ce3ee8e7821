// Builds the binary of one target as it is released.
//
// In: `node scripts/release/build.js [target] [--out directory]`, the target as a triple or a
// platform; without it this machine's. Out: `dist/artifacts/<triple>/seed-native.<platform>.node`.
// Never: a binary that names a directory of this machine, or on Linux needs a newer glibc than the
// floor.
//
// Linux binaries are linked by zig, which knows the symbols of every glibc, also on machines of
// another architecture. It comes from PyPI into `dist/zig`, by the digests in requirements.txt.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { GLIBC_FLOOR, checkBinary } from "./check-binary.js";
import { ROOT, WORK, hostTarget, targetOf } from "./targets.js";

/** The oldest macOS that Node 20 runs on. */
const MACOS_FLOOR = "11.0";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { out: { type: "string", default: path.join(WORK, "artifacts") } },
});
const [name] = positionals;
build(name === undefined ? hostTarget() : targetOf(name), path.resolve(values.out));

/**
 * @param {import("./targets.js").Target} target
 * @param {string} out
 */
function build(target, out) {
  const { triple, file, libc } = target;
  const isLinux = libc !== undefined;
  const goal = libc === "glibc" ? `${triple}.${GLIBC_FLOOR}` : triple;
  // Into a directory of its own: napi writes the loader and the types there too, which a release
  // takes from the repository.
  const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-build-"));
  try {
    const napi = path.join(ROOT, "node_modules", "@napi-rs", "cli", "dist", "cli.js");
    run(
      process.execPath,
      [
        napi,
        ...["build", "--platform", "--release", "--target", goal, "--output-dir", scratch],
        ...(isLinux ? ["--cross-compile"] : []),
        ...["--", "--locked"],
      ],
      {
        ...(isLinux ? withZig() : process.env),
        RUSTFLAGS: rustFlagsOf(target),
        MACOSX_DEPLOYMENT_TARGET: MACOS_FLOOR,
      },
    );
    checkBinary(readFileSync(path.join(scratch, file)), target);
    const directory = path.join(out, triple);
    mkdirSync(directory, { recursive: true });
    copyFileSync(path.join(scratch, file), path.join(directory, file));
    console.log(path.relative(process.cwd(), path.join(directory, file)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {import("./targets.js").Target} target */
function rustFlagsOf({ os: system }) {
  // Panics name source files: by names that are the same on every machine.
  const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo");
  const remap = [
    [cargoHome, "/cargo"],
    [ROOT, "/seed-native"],
  ].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  // Without it the binary needs a runtime library that not every Windows has.
  const runtime = system === "win32" ? ["-C target-feature=+crt-static"] : [];
  return [process.env.RUSTFLAGS, ...remap, ...runtime].filter(Boolean).join(" ");
}

/** @returns {NodeJS.ProcessEnv} with zig and cargo-zigbuild */
function withZig() {
  const home = path.join(WORK, "zig");
  const bin = path.join(home, "bin");
  if (!existsSync(path.join(bin, "cargo-zigbuild"))) {
    run("python3", ["-m", "venv", home]);
    const requirements = path.join(ROOT, "scripts", "release", "requirements.txt");
    const options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps"];
    run(path.join(bin, "pip"), ["install", ...options, "--requirement", requirements]);
  }
  return { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, env, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${path.basename(command)} ended with ${status}`);
}
