// Packs a release: the main package, and one for each binary that was built.
//
// Reads `dist/artifacts/` and the licences, and writes `dist/packages/*.tgz`, which is what is published. With
// `--local` it packs the addon from `npm run build` into `dist/local-packages/`, to try on this machine. With
// `--all` every platform must be there. Binaries for another platform than their package's, that need a newer
// glibc, or that name a directory of the build machine are refused.

import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { checkBinary } from "./check-binary.js";
import { MANIFEST, ROOT, TARGETS, THIRD_PARTY_LICENSES, WORK, hostTarget } from "./targets.js";

/** The most that a platform's package may have to be downloaded, in bytes. */
const MAX_PLATFORM_BYTES = 2_500_000;

const STAGE = path.join(WORK, "stage");

const { all, local } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    local: { type: "boolean", default: false },
  },
}).values;
const packages = path.join(WORK, local ? "local-packages" : "packages");
const built = (local ? [hostTarget()] : TARGETS).filter((target) => existsSync(artifactOf(target)));
const missing = TARGETS.filter((target) => !built.includes(target));
if (built.length === 0) throw new Error("no binary has been built; run `npm run release -- build`");
if (!local && !existsSync(THIRD_PARTY_LICENSES)) {
  throw new Error("the licences are missing; run `npm run release -- licences`");
}
if (all && missing.length > 0) {
  throw new Error(`not built: ${missing.map(({ triple }) => triple).join(", ")}`);
}
if (missing.length > 0 && !local) {
  console.log(`skipped, not built: ${missing.map(({ platform }) => platform).join(", ")}`);
}

stage();
rmSync(packages, { recursive: true, force: true });
mkdirSync(packages, { recursive: true });
const sizes = [
  ...built.map((target) => packInto(path.join(STAGE, "npm", target.platform))),
  packInto(STAGE),
];
report(sizes);

/** @param {import("./targets.js").Target} target */
function artifactOf({ triple, file }) {
  return local ? path.join(ROOT, file) : path.join(WORK, "artifacts", triple, file);
}

/** A copy of what is published, with the binaries in their packages and the packages wired up. */
function stage() {
  rmSync(STAGE, { recursive: true, force: true });
  mkdirSync(STAGE, { recursive: true });
  const files = [...MANIFEST.files, "package.json", "README.md", "LICENSE"];
  for (const file of files) {
    cpSync(path.join(ROOT, file), path.join(STAGE, file), { recursive: true });
  }
  for (const target of built) {
    const directory = path.join(STAGE, "npm", target.platform);
    cpSync(path.join(ROOT, "npm", target.platform), directory, { recursive: true });
    copyFileSync(path.join(ROOT, "LICENSE"), path.join(directory, "LICENSE"));
    if (local) {
      leaveOut(path.join(directory, "package.json"), path.basename(THIRD_PARTY_LICENSES));
    } else {
      copyFileSync(THIRD_PARTY_LICENSES, path.join(directory, path.basename(THIRD_PARTY_LICENSES)));
      checkBinary(readFileSync(artifactOf(target)), target);
    }
    copyFileSync(artifactOf(target), path.join(directory, target.file));
  }
  const config = path.join(STAGE, "napi.json");
  const targets = built.map(({ triple }) => triple);
  writeFileSync(config, JSON.stringify({ ...MANIFEST.napi, targets }));
  // Makes the platforms' packages optional dependencies of the main one, by exact version.
  run(path.join(ROOT, "node_modules", "@napi-rs", "cli", "dist", "cli.js"), [
    ...["pre-publish", "--cwd", STAGE, "--config-path", config],
    ...["--tag-style", "npm", "--no-gh-release", "--skip-optional-publish"],
  ]);
  rmSync(config);
}

/**
 * Takes a file out of what a package says that it has. Collecting the licences takes minutes, which
 * a package that is only tried need not wait for.
 * @param {string} manifest
 * @param {string} file
 */
function leaveOut(manifest, file) {
  const content = JSON.parse(readFileSync(manifest, "utf-8"));
  content.files = content.files.filter((/** @type {string} */ name) => name !== file);
  writeFileSync(manifest, JSON.stringify(content, null, 2));
}

/**
 * @param {string} directory
 * @returns {{ name: string, bytes: number, unpacked: number }}
 */
function packInto(directory) {
  const npm = process.env.npm_execpath;
  if (npm === undefined) throw new Error("start this with `npm run release -- pack`");
  const output = run(npm, ["pack", "--json", "--pack-destination", packages], directory);
  const [packed] = JSON.parse(output);
  const bytes = statSync(path.join(packages, packed.filename)).size;
  return { name: packed.name, bytes, unpacked: packed.unpackedSize };
}

/** @param {{ name: string, bytes: number, unpacked: number }[]} sizes */
function report(sizes) {
  const rows = sizes.map(
    ({ name, bytes, unpacked }) =>
      `| ${name} | ${bytes.toLocaleString("en")} | ${unpacked.toLocaleString("en")} |`,
  );
  const table = ["| package | bytes, packed | unpacked |", "| --- | --: | --: |", ...rows].join(
    "\n",
  );
  console.log(table);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary !== undefined) appendFileSync(summary, `${table}\n`);
  for (const { name, bytes } of sizes) {
    if (!local && bytes > MAX_PLATFORM_BYTES) {
      throw new Error(
        `${name} has ${bytes} bytes, more than the ${MAX_PLATFORM_BYTES} it may have`,
      );
    }
  }
}

/**
 * @param {string} script
 * @param {string[]} args
 * @param {string} [cwd]
 */
function run(script, args, cwd = ROOT) {
  const { status, stdout, error } = spawnSync(process.execPath, [script, ...args], {
    cwd,
    encoding: "utf-8",
    stdio: ["ignore", "pipe", 2],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${path.basename(script)} ${args[0]} failed:\n${stdout}`);
  return stdout;
}
