// Loads a project's Vite configuration and answers with what vinext's plugin carries: a reader.

import { answerAsReader } from "./reader.js";
import { importVite, loadEnvironment, loadViteConfig, vinextCacheOf } from "./vite-config.js";

await answerAsReader(async (root, configFile, mode) => {
  const vite = await importVite(root);
  loadEnvironment(vite, root, mode);
  return await vinextCacheOf(await loadViteConfig(vite, root, configFile, mode));
});
