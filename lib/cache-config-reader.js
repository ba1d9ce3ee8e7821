// Loads a project's Vite configuration and answers with what vinext's plugin carries: a reader.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAsReader } from "./reader.js";

await answerAsReader(async (root, configFile) => {
  const require = createRequire(path.join(root, "package.json"));
  const vite = await import(pathToFileURL(require.resolve("vite")).href);
  const environment = { command: "build", mode: "production" };
  const loaded = await vite.loadConfigFromFile(environment, configFile, root, "silent");
  const plugins = await flatten(loaded?.config.plugins ?? []);
  return plugins.find((plugin) => plugin?.__vinextCacheConfig)?.__vinextCacheConfig ?? null;
});

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
