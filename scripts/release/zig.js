// zig and cargo-zigbuild, which link the addon for Linux: installed from PyPI into `dist/zig`, by the digests in
// requirements.txt.

import { existsSync } from "node:fs";
import path from "node:path";
import { mustRun } from "./must-run.js";
import { ROOT, WORK } from "./targets.js";

/** @returns {NodeJS.ProcessEnv} with zig and cargo-zigbuild */
export function withZig() {
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
