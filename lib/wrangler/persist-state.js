// Where `vite preview` keeps local state, if the project's Vite configuration moves it.

import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { askReader } from "../reader.js";
import { findPackage } from "../installed-package.js";

const READER = fileURLToPath(new URL("./persist-state-reader.js", import.meta.url));

/** The names Vite looks for, in its order. */
const CONFIG_FILES = ["js", "mjs", "ts", "cjs", "mts", "cts"].map((type) => `vite.config.${type}`);

/**
 * The path in `cloudflare({ persistState: { path } })`.
 * @param {object} project
 * @param {string} project.root
 * @param {string | false} [project.viteConfig] relative to `root`
 * @param {import("./environment.js").Environment} project.environment
 * @param {AbortSignal} [project.signal]
 * @returns {Promise<string | undefined>} nothing, too, if the configuration cannot be loaded
 */
export async function persistStatePath({ root, viteConfig, environment, signal }) {
  if (viteConfig === false) return undefined;
  const home = path.resolve(root);
  const file = viteConfig ?? CONFIG_FILES.find((name) => existsSync(path.join(home, name)));
  if (file === undefined) return undefined;
  if ((await findPackage(home, "@cloudflare/vite-plugin", signal)) === undefined) return undefined;
  const place = { cwd: home, env: environment, signal };
  const answer = await askReader(READER, [home, path.resolve(home, file)], place);
  return "found" in answer && typeof answer.found === "string"
    ? path.resolve(home, answer.found)
    : undefined;
}
