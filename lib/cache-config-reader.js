// Loads a project's Vite configuration and answers with what vinext's plugin carries, and with the variable in
// which a known adapter finds its store: a reader.

import { placeOfAdapter } from "./known-adapters.js";
import { answerAsReader } from "./reader.js";
import { importVite, loadEnvironment, loadViteConfig, vinextCacheOf } from "./vite-config.js";

await answerAsReader(async (root, configFile, mode) => {
  const vite = await importVite(root);
  loadEnvironment(vite, root, mode);
  const cache = await vinextCacheOf(await loadViteConfig(vite, root, configFile, mode));
  const variable = placeOfAdapter(cache?.data)?.variable;
  if (variable === undefined) return cache;
  return { ...cache, variables: { [variable]: process.env[variable] } };
});
