// Builds the release binary of one target.
//
// Usage: `node scripts/release/build.js [target] [--out directory]`, with the target as a triple or a platform
// (default: this machine's). Writes `dist/artifacts/<triple>/seed-native.<platform>.node`. The binary names no
// directory of this machine and, on Linux, needs no newer glibc than the floor.
//
// Linux binaries are linked by zig, which knows the symbols of every glibc, also on machines of another
// architecture. It is installed from PyPI into `dist/zig`, by the digests in requirements.txt.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { GLIBC_FLOOR, checkBinary } from "./check-binary.js";
import { mustRun } from "./must-run.js";
import { rustFlagsOf } from "./rust-flags.js";
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
  // Into a separate directory: napi writes the types there too, which a release takes from
  // the repository.
  const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-build-"));
  try {
    const napi = path.join(ROOT, "node_modules", "@napi-rs", "cli", "dist", "cli.js");
    mustRun(
      process.execPath,
      [
        napi,
        ...["build", "--platform", "--release", "--target", goal, "--output-dir", scratch],
        ...(isLinux ? ["--cross-compile"] : []),
        ...["--", "--locked"],
      ],
      {
        env: {
          ...(isLinux ? withZig() : process.env),
          RUSTFLAGS: rustFlagsOf(target),
          MACOSX_DEPLOYMENT_TARGET: MACOS_FLOOR,
        },
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

/** @returns {NodeJS.ProcessEnv} with zig and cargo-zigbuild */
function withZig() {
  const home = path.join(WORK, "zig");
  const bin = path.join(home, "bin");
  if (!existsSync(path.join(bin, "cargo-zigbuild"))) {
    mustRun("python3", ["-m", "venv", home]);
    const requirements = path.join(ROOT, "scripts", "release", "requirements.txt");
    const options = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--no-deps"];
    mustRun(path.join(bin, "pip"), ["install", ...options, "--requirement", requirements]);
  }
  return { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
}
