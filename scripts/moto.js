// Finds moto, whose S3 server checks signatures, for tests, and installs it from PyPI if Python has none.
//
// As a script it prepares, and says so if it cannot: tests of signatures are skipped then.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const HOME = path.join(ROOT, "target", "tools", "moto");

const REQUIREMENT = "moto[server]==5.2.1";

/** Python's environment in which moto can be imported; `undefined` if there is none. */
export function findMoto() {
  return [process.env, { ...process.env, PYTHONPATH: HOME }].find(hasMoto);
}

/** @param {NodeJS.ProcessEnv} env */
function hasMoto(env) {
  const code = "import boto3, moto.server";
  return spawnSync("python3", ["-c", code], { stdio: "ignore", env }).status === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href && findMoto() === undefined) {
  const args = ["-m", "pip", "install", "--quiet", "--target", HOME, REQUIREMENT];
  spawnSync("python3", args, { stdio: ["ignore", 2, 2] });
  if (findMoto() === undefined) {
    rmSync(HOME, { recursive: true, force: true });
    console.error(
      "\n*** python3 has no moto, and pip cannot install it: SIGNATURES OF S3 REQUESTS ARE NOT TESTED.\n",
    );
  }
}
