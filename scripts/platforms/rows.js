// The platforms of `npm run test:platforms`: how each runs a script, and what it needs.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../release/targets.js";

/** Installed by its lock file. */
const RUNTIMES = path.join(ROOT, "__test__", "platforms", "node_modules");

const DENY = fileURLToPath(new URL("deny-system-call.py", import.meta.url));

/** What the addon needs of Deno. */
const DENO_FLAGS = ["read", "env", "net", "sys", "ffi"].map((what) => `--allow-${what}`);

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string[]} command what comes before the script
 * @property {string[]} needs files without which it is skipped
 */

/** @type {Row[]} */
export const ROWS = [
  ...["20", "22", "24", "26"].map((major) =>
    runtime(`linux-x64-gnu, Node ${major}`, [path.join(`node-${major}`, "bin", "node")]),
  ),
  runtime("linux-x64-gnu, Bun", [path.join("@oven", "bun-linux-x64-baseline", "bin", "bun")]),
  runtime("linux-x64-gnu, Deno", [
    path.join("@deno", "linux-x64-glibc", "deno"),
    "run",
    ...DENO_FLAGS,
  ]),
  ...["openat2", "statx"].flatMap((call) =>
    ["ENOSYS", "EPERM"].map((error) => ({
      name: `linux-x64-gnu, ${call} fails with ${error}`,
      command: ["python3", DENY, call, error, process.execPath],
      needs: [],
    })),
  ),
];

/**
 * @param {string} name
 * @param {[string, ...string[]]} command below the installed runtimes
 * @returns {Row}
 */
function runtime(name, [binary, ...flags]) {
  const file = path.join(RUNTIMES, binary);
  return { name, command: [file, ...flags], needs: [file] };
}

/**
 * Why a row cannot run here.
 * @param {Row} row
 * @returns {string | undefined}
 */
export function whyNot({ needs }) {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x64";
  const missing = needs.find((file) => !existsSync(file));
  return missing === undefined ? undefined : `${path.relative(ROOT, missing)} is not there`;
}
