// Loads a project's Vite configuration and prints what it says about vinext's caches.
//
// In: the project's directory, its configuration file and a mark, as arguments.
// Out: one line of JSON on standard output, behind the mark, which no plugin prints.
// Never: an effect on the process that wants to know. The configuration is the user's code, and can
// start servers, change the environment or end the process, so it runs in one of its own.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [root = ".", configFile, mark = ""] = process.argv.slice(2);
const answer = await read().then(
  (config) => ({ config }),
  (error) => ({ error: String(error?.message ?? error) }),
);
process.stdout.write(`\n${mark}${JSON.stringify(answer)}\n`, () => process.exit(0));

async function read() {
  const require = createRequire(path.join(path.resolve(root), "package.json"));
  const vite = await import(pathToFileURL(require.resolve("vite")).href);
  const environment = { command: "build", mode: "production" };
  const loaded = await vite.loadConfigFromFile(environment, configFile, root, "silent");
  const plugins = await flatten(loaded?.config.plugins ?? []);
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
