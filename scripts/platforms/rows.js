// The rows of `npm run test:platforms`: on which platform each runs what, and which of them a run is asked for.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../release/targets.js";
import { planAwkwardNames } from "./awkward-names.js";
import { ARM64_NODES, prepareArm64 } from "./linux-arm64-gnu.js";
import { prepareMusl } from "./linux-x64-musl.js";
import { Missing } from "./missing.js";
import { seedFixture } from "./seed-fixture.js";
import { WINDOWS_NODES, prepareWindows } from "./windows-gnu.js";

/** Installed by its lock file. */
const RUNTIMES = path.join(ROOT, "__test__", "platforms", "node_modules");

const DENY = fileURLToPath(new URL("deny-system-call.py", import.meta.url));

/** What the addon needs of Deno. */
const DENO_FLAGS = ["read", "env", "net", "sys", "ffi"].map((what) => `--allow-${what}`);

/**
 * @typedef {object} Platform how a platform runs a script of the package
 * @property {string[]} command what comes before the script
 * @property {string} [home] where the package is, if not in the checkout
 * @property {(file: string) => string} [pathOf] a path as the platform writes it
 */

/**
 * @typedef {object} Outcome
 * @property {string} summary
 * @property {string[]} problems none if the row has passed
 * @property {string} [output] what the platform printed
 */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {boolean} [onDemand] whether it takes longer than every run can wait
 * @property {() => Platform} prepare throws `Missing` if this machine lacks what it needs
 * @property {(platform: Platform, place: import("./fixture.js").Place) => Promise<Outcome>} test
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
      prepare: () => ({ command: ["python3", DENY, call, error, process.execPath] }),
      test: seedFixture,
    })),
  ),
  {
    name: "linux-x64-musl, debug build, musl Node 24 on a machine with glibc",
    prepare: prepareMusl,
    test: seedFixture,
  },
  ...WINDOWS_NODES.map((version) => ({
    name: `windows-gnu under wine, debug build, Node ${version.split(".")[0]}`,
    onDemand: true,
    prepare: () => prepareWindows(version),
    test: seedFixture,
  })),
  {
    name: "windows-gnu under wine, debug build, awkward names",
    onDemand: true,
    prepare: () => prepareWindows(WINDOWS_NODES.at(-1) ?? ""),
    test: planAwkwardNames,
  },
  ...ARM64_NODES.map((version) => ({
    name: `linux-arm64-gnu under qemu-user, debug build, Node ${version.split(".")[0]}`,
    onDemand: true,
    prepare: () => prepareArm64(version),
    test: seedFixture,
  })),
];

/**
 * @param {string} name
 * @param {[string, ...string[]]} command below the installed runtimes
 * @returns {Row}
 */
function runtime(name, [binary, ...flags]) {
  const file = path.join(RUNTIMES, binary);
  return {
    name,
    prepare: () => {
      if (!existsSync(file)) throw new Missing(`${path.relative(ROOT, file)} is not there`);
      return { command: [file, ...flags] };
    },
    test: seedFixture,
  };
}

/**
 * @template {{ name: string, onDemand?: boolean }} R
 * @param {R[]} rows
 * @param {{ parts: string[], all: boolean }} asked parts of names, which choose rows that are run on demand too
 * @returns {R[]}
 */
export function choose(rows, { parts, all }) {
  const unknown = parts.find((part) => !rows.some(({ name }) => name.includes(part)));
  if (unknown !== undefined) {
    const names = rows.map(({ name }) => name).join("; ");
    throw new RangeError(`no row's name has ${unknown}: ${names}`);
  }
  if (parts.length > 0) return rows.filter(({ name }) => parts.some((part) => name.includes(part)));
  return rows.filter(({ onDemand = false }) => all || !onDemand);
}
