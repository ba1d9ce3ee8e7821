// Asks a project's own wrangler for its configuration and answers with what seeding needs of it: a
// reader.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAsReader } from "../reader.js";

await answerAsReader(async (root, args) => {
  const require = createRequire(path.join(root, "package.json"));
  const wrangler = await import(pathToFileURL(require.resolve("wrangler")).href);
  if (typeof wrangler.unstable_readConfig !== "function") {
    throw new Error("this wrangler cannot be asked for its configuration; install wrangler 4");
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
    // Older versions do not say. `null`: they say that there is none.
    targetEnvironment: "targetEnvironment" in read ? (read.targetEnvironment ?? null) : undefined,
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
    // Of a syntax error the message alone does not say where it is.
    const { file, line } = error?.location ?? {};
    if (file === undefined) throw error;
    throw new Error(`${file}${line === undefined ? "" : `:${line}`}: ${error.message}`, {
      cause: error,
    });
  }
}
