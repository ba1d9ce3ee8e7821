// Builds the release binary of one target.
//
// Usage: `node scripts/release/build.js [target] [--out directory]`, with the target as a triple or a platform
// (default: this machine's). Writes `dist/artifacts/<triple>/seed-native.<platform>.node`. The binary names no
// directory of this machine and, on Linux, needs no newer glibc than the floor.
//
// Linux binaries are linked by zig, which knows the symbols of every glibc, also on machines of another
// architecture.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { GLIBC_FLOOR, checkBinary } from "./check-binary.js";
import { mustRun } from "./must-run.js";
import { rustFlagsOf } from "./rust-flags.js";
import { ROOT, WORK, hostTarget, targetOf } from "./targets.js";
import { withZig } from "./zig.js";

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
