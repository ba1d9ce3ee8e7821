// Loads a project's Vite configuration. It runs the project's code, so only scripts in separate processes
// call it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseEnv } from "node:util";
import { withoutSecrets } from "./secrets.js";

/** Error codes of a write to an unwritable directory. */
const NOT_WRITABLE = ["EACCES", "EROFS", "EPERM", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"];

/**
 * Vite's ways to load a configuration, the default first: it bundles the configuration into a file in
 * `node_modules/.vite-temp`. The others (from Vite 6.1 on) write nothing.
 */
const LOADERS = ["bundle", "runner", "native"];

/**
 * The project's own Vite.
 * @param {string} root
 * @returns {Promise<any>}
 */
export async function importVite(root) {
  const require = createRequire(path.join(root, "package.json"));
  return await import(pathToFileURL(require.resolve("vite")).href);
}

/**
 * Sets the variables of `.env` files that are not set, as `vinext build` and `vinext start` do;
 * `vite build` leaves that to plugins.
 * @param {any} vite
 * @param {string} root
 * @param {string} mode
 * @param {string[]} [files] to read instead
 */
export function loadEnvironment(vite, root, mode, files) {
  // As Vite itself does before it loads a configuration.
  process.env.NODE_ENV ??= "production";
  const named = files?.map((file) => parseEnv(readFileSync(path.resolve(file), "utf-8")));
  // Of several files, the last one counts.
  const found = named === undefined ? vite.loadEnv(mode, root, "") : Object.assign({}, ...named);
  for (const [name, value] of Object.entries(withoutSecrets(found))) process.env[name] ??= value;
}

/**
 * @param {any} vite
 * @param {string} root
 * @param {string} configFile
 * @param {string} mode
 * @returns {Promise<any>} the configuration, as its file has it
 */
export async function loadViteConfig(vite, root, configFile, mode) {
  const environment = { command: "build", mode };
  let failure;
  for (const loader of LOADERS) {
    try {
      const loaded = await vite.loadConfigFromFile(
        environment,
        configFile,
        root,
        "silent",
        undefined,
        loader,
      );
      return loaded?.config;
    } catch (error) {
      failure ??= error;
      const { code, syscall } = /** @type {any} */ (error ?? {});
      const isUnwritable = syscall !== undefined && NOT_WRITABLE.includes(code);
      // The other loaders are only tried if the directory is unwritable: a configuration that
      // throws would throw again. Their own failures say less than the first one.
      if (!isUnwritable && failure === error) break;
    }
  }
  throw failure;
}

/**
 * What vinext's plugin carries since 1.0.0-beta.0: its option `cache`.
 * @param {any} config
 * @returns {Promise<any>} `null` if there is no such plugin
 */
export async function vinextCacheOf(config) {
  const plugins = await flatten(config?.plugins ?? []);
  return plugins.find((plugin) => plugin?.__vinextCacheConfig)?.__vinextCacheConfig ?? null;
}

/**
 * Plugins may be nested, promised or absent.
 * @param {any} plugins
 * @returns {Promise<any[]>}
 */
async function flatten(plugins) {
  const settled = await plugins;
  if (!Array.isArray(settled)) return [settled];
  return (await Promise.all(settled.map(flatten))).flat();
}
