// Runs a subcommand of cargo that is not part of Rust, at a version that is known to work here.
//
// In: `node scripts/cargo-tool.js deny check …`. Out: what the tool says, and its exit status.
// Never: a tool of another version. One that is installed is used if it is the right one; else it is
// built once, into `target/tools`, which takes a minute or two.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** @type {Record<string, { version: string, options?: string[] }>} */
const TOOLS = {
  about: { version: "0.9.2", options: ["--features", "cli"] },
  cyclonedx: { version: "0.5.9" },
  deny: { version: "0.20.2" },
  machete: { version: "0.9.2" },
};

const [tool = "", ...args] = process.argv.slice(2);
const known = TOOLS[tool];
if (known === undefined) {
  throw new Error(`unknown tool ${tool}; there are ${Object.keys(TOOLS).join(", ")}`);
}
const { version, options = [] } = known;
const home = path.join(ROOT, "target", "tools", `${tool}-${version}`);
const bin = path.join(home, "bin");
if (!existsSync(bin) && !isInstalled()) {
  const install = ["install", "--quiet", "--locked", ...options, `cargo-${tool}@${version}`];
  console.error(`> cargo ${install.join(" ")}`);
  if (cargo([...install, "--root", home]).status !== 0)
    throw new Error(`cargo-${tool} cannot be built`);
}
process.exitCode = cargo([tool, ...args]).status ?? 1;

function isInstalled() {
  const { stdout } = cargo([tool, "--version"], "pipe");
  return stdout?.trim().endsWith(` ${version}`) ?? false;
}

/**
 * @param {string[]} args
 * @param {"inherit" | "pipe"} stdio
 */
function cargo(args, stdio = "inherit") {
  const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
  return spawnSync("cargo", args, {
    cwd: ROOT,
    encoding: "utf-8",
    env: { ...process.env, PATH },
    stdio,
  });
}
