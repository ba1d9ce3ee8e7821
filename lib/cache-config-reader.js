// Loads a project's Vite configuration and answers with what vinext's plugin carries: a reader.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAsReader } from "./reader.js";
import { withoutSecrets } from "./secrets.js";

/** What a write to a directory that cannot be written fails with. */
const NOT_WRITABLE = ["EACCES", "EROFS", "EPERM", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"];

/**
 * Vite's ways to load a configuration, the default first: it bundles the configuration into a file in
 * `node_modules/.vite-temp`. The others (from Vite 6.1 on) write nothing.
 */
const LOADERS = ["bundle", "runner", "native"];

await answerAsReader(async (root, configFile, mode) => {
  const require = createRequire(path.join(root, "package.json"));
  const vite = await import(pathToFileURL(require.resolve("vite")).href);
  // As Vite itself does before it loads a configuration.
  process.env.NODE_ENV ??= "production";
  // `vinext build` loads these files into the environment first, `vite build` leaves it to plugins.
  const fromFiles = withoutSecrets(vite.loadEnv(mode, root, ""));
  for (const [name, value] of Object.entries(fromFiles)) process.env[name] ??= value;
  const plugins = await flatten((await load(vite, root, configFile, mode))?.config.plugins ?? []);
  return plugins.find((plugin) => plugin?.__vinextCacheConfig)?.__vinextCacheConfig ?? null;
});

/**
 * @param {any} vite
 * @param {string} root
 * @param {string} configFile
 * @param {string} mode
 */
async function load(vite, root, configFile, mode) {
  const environment = { command: "build", mode };
  let failure;
  for (const loader of LOADERS) {
    try {
      return await vite.loadConfigFromFile(
        environment,
        configFile,
        root,
        "silent",
        undefined,
        loader,
      );
    } catch (error) {
      failure ??= error;
      const { code, syscall } = /** @type {any} */ (error ?? {});
      const isUnwritable = syscall !== undefined && NOT_WRITABLE.includes(code);
      // The other loaders are tried for want of a place to write only: a configuration that throws
      // would throw again. Their own failures say less than the first one.
      if (!isUnwritable && failure === error) break;
    }
  }
  throw failure;
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
