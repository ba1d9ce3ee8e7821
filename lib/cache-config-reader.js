// Loads a project's Vite configuration and prints what it says about vinext's caches.
//
// In: the project's directory and, perhaps, its configuration file, as arguments.
// Out: one line of JSON on standard output, behind a mark that no plugin prints.
// Never: an effect on the process that wants to know. The configuration is the user's code, and can
// start servers, change the environment or end the process, so it runs in one of its own.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [root = ".", configFile, mark = ""] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(root), "package.json"));
const vite = await import(pathToFileURL(require.resolve("vite")).href);
const environment = { command: "build", mode: "production" };
const loaded = await vite.loadConfigFromFile(environment, configFile || undefined, root, "silent");
const plugins = await flatten(loaded?.config.plugins ?? []);
const found = plugins.find((plugin) => plugin?.__vinextCacheConfig)?.__vinextCacheConfig;
process.stdout.write(`\n${mark}${JSON.stringify(found ?? null)}\n`, () => process.exit(0));

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
