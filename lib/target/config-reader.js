// Asks a project's own wrangler for its configuration and prints what seeding needs of it.
//
// In: the project's directory, a mark, and what `--config` and `--env` say as JSON, as arguments.
// Out: one line of JSON on standard output, behind the mark.
// Never: an effect on the process that wants to know. Importing wrangler takes a second, starts
// things and prints.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [root = ".", mark = "", args = "{}"] = process.argv.slice(2);
const answer = await read().then(
  (read) => ({ config: read }),
  (error) => ({ error: String(error?.message ?? error) }),
);
process.stdout.write(`\n${mark}${JSON.stringify(answer)}\n`, () => process.exit(0));

async function read() {
  const require = createRequire(path.join(root, "package.json"));
  const wrangler = await import(pathToFileURL(require.resolve("wrangler")).href);
  if (typeof wrangler.unstable_readConfig !== "function") {
    throw new Error("this wrangler cannot be asked for its configuration; install wrangler 4");
  }
  const read = wrangler.unstable_readConfig(JSON.parse(args), {
    hideWarnings: true,
    useRedirectIfAvailable: true,
  });
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
}
