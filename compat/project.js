// Assembles a project of the matrix from the zoo and a style in `compat/work/`, and builds it.
//
// Packages are linked from where they are installed, so that variants of one version share them.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findCommand } from "../lib/installed-package.js";

const HOME = path.dirname(fileURLToPath(import.meta.url));
const REPOSITORY = path.dirname(HOME);

/**
 * Builds a setup's project, pages pre-rendered.
 * @param {import("./matrix.js").Setup} setup
 * @returns {Promise<string>} the project's directory
 */
export async function buildProject(setup) {
  const root = assembleProject(setup);
  await buildAgain(root);
  return root;
}

/**
 * Puts a setup's project together.
 * @param {import("./matrix.js").Setup} setup
 * @param {string} [name] of its directory in `compat/work/`
 * @returns {string} the project's directory
 */
export function assembleProject(setup, name = setup.name.replaceAll(" ", "-")) {
  const root = path.join(HOME, "work", name);
  const packages = path.join(REPOSITORY, setup.packages);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const parts = [`styles/${setup.style}`, ...setup.zoo.map((name) => `zoo/${name}`)];
  for (const part of parts) cpSync(path.join(HOME, part), root, { recursive: true });
  cpSync(path.join(packages, "package.json"), path.join(root, "package.json"));
  symlinkSync(path.join(packages, "node_modules"), path.join(root, "node_modules"));
  const config = path.join(root, "next.config.mjs");
  if (setup.nextConfig !== undefined || !existsSync(config)) {
    writeFileSync(config, `export default ${JSON.stringify(setup.nextConfig ?? {})};\n`);
  }
  return root;
}

/**
 * Builds a project that is put together.
 * @param {string} root
 */
export async function buildAgain(root) {
  // What the version's own `npm run build` says, without the shell: commands differ by version.
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf-8"));
  const [command = "", ...args] = (scripts["build:vinext"] ?? scripts.build).split(" ");
  const script = await findCommand(root, command);
  if (script === undefined) throw new Error(`${command} is not installed in ${root}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: "utf-8",
  });
  if (status !== 0) throw new Error(`building ${root} failed:\n${stdout}\n${stderr}`);
}
