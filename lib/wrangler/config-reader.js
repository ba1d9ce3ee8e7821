// Reads the configuration with a project's own wrangler and returns what seeding needs: a reader.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAsReader } from "../reader.js";

await answerAsReader(async (directory, args) => {
  const require = createRequire(path.join(directory, "package.json"));
  const wrangler = await import(pathToFileURL(require.resolve(directory)).href);
  if (typeof wrangler.unstable_readConfig !== "function") {
    throw new Error(
      "this version of wrangler does not provide its configuration; install wrangler 4",
    );
  }
  const read = readConfig(wrangler, JSON.parse(args));
  const { configPath, userConfigPath, name, account_id, compliance_region, kv_namespaces } = read;
  const { definedEnvironments } = read;
  return {
    configPath,
    userConfigPath,
    name,
    accountId: account_id,
    complianceRegion: compliance_region,
    kvNamespaces: kv_namespaces ?? [],
    definedEnvironments,
  };
});

/**
 * @param {any} wrangler
 * @param {object} args
 */
function readConfig(wrangler, args) {
  const options = { hideWarnings: true, useRedirectIfAvailable: true };
  try {
    return wrangler.unstable_readConfig(args, options);
  } catch (/** @type {any} */ error) {
    // A syntax error's message alone does not contain its position.
    const { file, line } = error?.location ?? {};
    if (file === undefined) throw error;
    throw new Error(`${file}${line === undefined ? "" : `:${line}`}: ${error.message}`, {
      cause: error,
    });
  }
}
