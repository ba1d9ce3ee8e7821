// Loads a project's Vite configuration and returns the `persistState.path` it passes to the
// Cloudflare plugin: a reader. The plugin does not expose its options, so it is wrapped.

import { createRequire, register } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAsReader } from "../reader.js";

/** The plugin's module. Vite has resolved its name when it imports the configuration. */
const PLUGIN = String.raw`/@cloudflare/vite-plugin/[^?]*index\.m?js`;

/** Where the wrapper stores the options. */
const OPTIONS = "vinextSeedCloudflareOptions";

const HOOKS = `
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    const isWrapper = context.parentURL?.startsWith("data:");
    if (isWrapper || !new RegExp(${JSON.stringify(PLUGIN)}, "u").test(found.url)) return found;
    const real = JSON.stringify(found.url);
    const wrapper = \`
      import * as plugin from \${real};
      export * from \${real};
      export function cloudflare(options) {
        globalThis.${OPTIONS} = options;
        return plugin.cloudflare(options);
      }\`;
    const url = "data:text/javascript," + encodeURIComponent(wrapper);
    return { url, format: "module", shortCircuit: true };
  }`;

await answerAsReader(async (root, configFile) => {
  const require = createRequire(path.join(root, "package.json"));
  const vite = await import(pathToFileURL(require.resolve("vite")).href);
  register(dataUrl(HOOKS));
  const environment = { command: "serve", mode: "production", isPreview: true };
  await vite.loadConfigFromFile(environment, configFile, root, "silent");
  return /** @type {any} */ (globalThis)[OPTIONS]?.persistState?.path;
});

/** @param {string} code */
function dataUrl(code) {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
