// Prepares a checkout: installs from the lock files named on the command line and builds the addon.
//
// Each step leaves a digest of its inputs and is skipped while they are unchanged. It runs before anything is
// installed, so it uses nothing but Node (20.19 or later) and npm.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** What the addon is made of. */
const ADDON_SOURCES = ["Cargo.toml", "Cargo.lock", "build.rs", "package.json", "src", "crates"];

for (const step of process.argv.slice(2)) {
  if (step === "addon") buildAddon();
  else if (step === "redis") findOrInstall("redis-server.js");
  else if (step === "moto") findOrInstall("moto.js");
  else install(step);
}

/**
 * Installs the packages of one lock file.
 * @param {string} directory relative to the repository
 */
function install(directory) {
  const home = path.join(ROOT, directory);
  const stamp = path.join(home, "node_modules", ".prepared");
  once(stamp, [path.join(home, "package-lock.json")], () => {
    npm(home, ["ci", "--no-audit", "--no-fund"]);
  });
}

function buildAddon() {
  const stamp = path.join(ROOT, "target", ".addon-prepared");
  const sources = ADDON_SOURCES.map((source) => path.join(ROOT, source));
  if (!readdirSync(ROOT).some((name) => name.endsWith(".node"))) writeStamp(stamp, "");
  once(stamp, sources, () => npm(ROOT, ["run", "build"]));
}

/**
 * Installs a server unless there is one. Without it, the tests that need it are skipped.
 * @param {string} script in this directory
 */
function findOrInstall(script) {
  spawnSync(process.execPath, [path.join(ROOT, "scripts", script)], { stdio: ["ignore", 2, 2] });
}

/**
 * Does `work` unless it was done for the same content before.
 * @param {string} stamp where the digest of that content is kept
 * @param {string[]} sources files and directories
 * @param {() => void} work
 */
function once(stamp, sources, work) {
  const digest = createHash("sha256");
  for (const file of sources.flatMap(filesOf)) {
    digest.update(path.relative(ROOT, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  const current = digest.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf-8") === current) return;
  work();
  writeStamp(stamp, current);
}

/**
 * @param {string} stamp
 * @param {string} content
 */
function writeStamp(stamp, content) {
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, content);
}

/**
 * @param {string} place a file or directory
 * @returns {string[]} its files, in order
 */
function filesOf(place) {
  if (!statSync(place).isDirectory()) return [place];
  const names = readdirSync(place).sort();
  return names.flatMap((name) => filesOf(path.join(place, name)));
}

/**
 * Runs npm without a shell: through the npm that runs this script, or the one installed with Node.
 * @param {string} directory
 * @param {string[]} args
 */
function npm(directory, args) {
  const cli = process.env.npm_execpath;
  const [command, before] = cli === undefined ? ["npm", []] : [process.execPath, [cli]];
  console.error(`> npm ${args.join(" ")} (${path.relative(ROOT, directory) || "."})`);
  const { status, error } = spawnSync(command, [...before, ...args], {
    cwd: directory,
    // Standard output belongs to the script that comes after this one.
    stdio: ["ignore", 2, 2],
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
