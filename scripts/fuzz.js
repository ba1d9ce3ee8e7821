// `npm run fuzz -- manifest 600`: runs one fuzz target for this many seconds; `npm run fuzz -- --smoke`: each for ten.
//
// Findings are written to fuzz/artifacts/. Without a nightly toolchain the smoke run says so and succeeds.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const TARGETS = readdirSync(path.join(ROOT, "fuzz", "seeds"));
const CARGO_FUZZ_VERSION = "0.13.2";
/** Where cargo-fuzz goes if there is none. */
const TOOLS = path.join(ROOT, "target", "tools");
const SMOKE_SECONDS = 10;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: "boolean", default: false } },
});
const missing = prepare();
if (missing !== undefined) {
  console.log(`fuzzing skipped: ${missing}`);
  process.exitCode = values.smoke ? 0 : 1;
} else if (values.smoke) {
  for (const target of TARGETS) fuzz(target, SMOKE_SECONDS);
} else {
  const [target, seconds = "60"] = positionals;
  if (target === undefined || !TARGETS.includes(target) || !/^\d+$/u.test(seconds)) {
    throw new RangeError(`npm run fuzz -- <${TARGETS.join("|")}> [seconds]`);
  }
  fuzz(target, Number(seconds));
}

/**
 * Sees to the tools.
 * @returns {string | undefined} what is missing
 */
function prepare() {
  process.env.PATH = [path.join(TOOLS, "bin"), process.env.PATH].join(path.delimiter);
  if (!succeeds("cargo", ["+nightly", "--version"])) {
    return "it needs Rust's nightly toolchain (rustup toolchain install nightly)";
  }
  if (succeeds("cargo", ["fuzz", "--version"])) return undefined;
  const install = ["install", "cargo-fuzz", "--version", CARGO_FUZZ_VERSION, "--locked"];
  const { status } = spawnSync("cargo", [...install, "--root", TOOLS], { stdio: "inherit" });
  return status === 0 ? undefined : `cargo ${install.join(" ")} failed`;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function succeeds(command, args) {
  return spawnSync(command, args, { cwd: ROOT, stdio: "ignore" }).status === 0;
}

/**
 * Runs a target; ends the process if it finds something.
 * @param {string} target
 * @param {number} seconds
 */
function fuzz(target, seconds) {
  const corpus = path.join("fuzz", "corpus", target);
  mkdirSync(path.join(ROOT, corpus), { recursive: true });
  const dictionary = path.join("fuzz", `${target}.dict`);
  const args = [
    ...["+nightly", "fuzz", "run", "--target-dir", path.join("target", "fuzz"), target],
    ...[corpus, path.join("fuzz", "seeds", target), "--"],
    ...[`-max_total_time=${seconds}`, "-timeout=10", "-print_final_stats=1"],
    ...(values.smoke ? ["-verbosity=0", "-seed=1"] : []),
    ...(existsSync(path.join(ROOT, dictionary)) ? [`-dict=${dictionary}`] : []),
  ];
  console.log(`> cargo ${args.join(" ")}`);
  const { status, error } = spawnSync("cargo", args, { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
