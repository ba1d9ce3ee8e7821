// Publishes the packages that were packed and tested, platform packages first.
//
// Usage: `npm run release -- publish [--provenance] [--registry url]`. Prereleases get the tag `next`. A package
// that is already there with the same content is skipped, so that an interrupted run can be repeated; different
// content under the same version is an error.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { tarballOf } from "./tarballs.js";
import { MANIFEST, TARGETS, WORK } from "./targets.js";

const options = process.argv.slice(2);
const npm = process.env.npm_execpath;
if (npm === undefined) throw new Error("start this with `npm run release -- publish`");

const { name: main, version } = MANIFEST;
const packages = [...TARGETS.map(({ platform }) => `${main}-${platform}`), main].map((name) => ({
  name,
  tarball: tarballOf(name),
}));
const missing = packages.filter(({ tarball }) => !existsSync(tarball));
if (missing.length > 0) {
  throw new Error(`not packed: ${missing.map(({ name }) => name).join(", ")}`);
}

for (const { name, tarball } of packages) {
  const digest = createHash("sha512").update(readFileSync(tarball)).digest("base64");
  const published = integrityOf(name);
  if (published === `sha512-${digest}`) {
    console.log(`${name}@${version} is there already`);
    continue;
  }
  if (published !== undefined) throw new Error(`there is another ${name}@${version}: ${published}`);
  const tag = version.includes("-") ? "next" : "latest";
  const { status } = run(["publish", tarball, "--access", "public", "--tag", tag, ...options]);
  if (status !== 0) throw new Error(`${name} was not published`);
}

/**
 * @param {string} name
 * @returns {string | undefined} of what is published under this version
 */
function integrityOf(name) {
  const registry = options.includes("--registry")
    ? options.slice(options.indexOf("--registry"))
    : [];
  const { status, stdout } = run(
    ["view", `${name}@${version}`, "dist.integrity", "--json", ...registry.slice(0, 2)],
    "pipe",
  );
  const answer = stdout.trim() === "" ? undefined : JSON.parse(stdout);
  if (status !== 0 && answer?.error?.code !== "E404") {
    throw new Error(`cannot determine whether ${name} is published: ${stdout.slice(0, 500)}`);
  }
  return status === 0 ? answer : undefined;
}

/**
 * @param {string[]} args
 * @param {"inherit" | "pipe"} stdout
 */
function run(args, stdout = "inherit") {
  const result = spawnSync(process.execPath, [npm ?? "", ...args], {
    cwd: WORK,
    encoding: "utf-8",
    stdio: ["ignore", stdout, "inherit"],
  });
  if (result.error !== undefined) throw result.error;
  return result;
}
