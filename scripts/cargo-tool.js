// Runs a Rust tool at the version that is known to work here: `node scripts/cargo-tool.js deny check`.
//
// Uses an installed one if the version matches; otherwise builds it once into `target/tools`.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * Subcommands of cargo, and `typos`, which is a command of its own in a crate of another name.
 * @type {Record<string, { version: string, options?: string[], crate?: string }>}
 */
const TOOLS = {
  about: { version: "0.9.2", options: ["--features", "cli"] },
  cyclonedx: { version: "0.5.9" },
  deny: { version: "0.20.2" },
  machete: { version: "0.9.2" },
  typos: { version: "1.52.0", crate: "typos-cli" },
};

const [tool = "", ...args] = process.argv.slice(2);
const known = TOOLS[tool];
if (known === undefined) {
  throw new Error(`unknown tool ${tool}; there are ${Object.keys(TOOLS).join(", ")}`);
}
const { version, options = [], crate = `cargo-${tool}` } = known;
const command = known.crate === undefined ? ["cargo", tool] : [tool];
const home = path.join(ROOT, "target", "tools", `${tool}-${version}`);
const bin = path.join(home, "bin");
if (!existsSync(bin) && !isInstalled()) {
  // Unoptimized: each is run once or twice, and building takes far longer than running.
  const install = ["install", "--quiet", "--locked", "--debug", ...options, `${crate}@${version}`];
  console.error(`> cargo ${install.join(" ")}`);
  if (run(["cargo", ...install, "--root", home]).status !== 0) {
    throw new Error(`${crate} could not be built`);
  }
}
process.exitCode = run([...command, ...args]).status ?? 1;

function isInstalled() {
  const { stdout } = run([...command, "--version"], "pipe");
  return stdout?.trim().endsWith(` ${version}`) ?? false;
}

/**
 * @param {string[]} commandLine
 * @param {"inherit" | "pipe"} stdio
 */
function run([program = "", ...args], stdio = "inherit") {
  const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
  return spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf-8",
    env: { ...process.env, PATH },
    stdio,
  });
}
