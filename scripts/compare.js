// `npm run compare -- PROJECT`: what a seeded Worker has and shows that the unseeded one does not.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { compareProject } from "../compat/compare/compare.js";
import { printComparison } from "../compat/compare/report.js";

const USAGE = `usage: npm run compare -- PROJECT [options]

Builds nothing: PROJECT is built, pages pre-rendered. Exits with 1 if there is a difference that
docs/differences.md does not explain.

  --path PATH          a page that the build does not list, such as the source of a rewrite; repeatable
  --base-path PATH     default: the Next.js configuration's
  --env, --config, --binding, --namespace-id
                       as vinext-seed takes them
  --json               print one JSON document`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    path: { type: "string", multiple: true },
    "base-path": { type: "string" },
    env: { type: "string" },
    config: { type: "string" },
    binding: { type: "string" },
    "namespace-id": { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});
const [root] = positionals;
if (values.help || root === undefined || positionals.length > 1) {
  (values.help ? console.log : console.error)(USAGE);
  process.exit(values.help ? 0 : 2);
}

const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-compare-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.once(signal, () => process.exit(130));
}

const comparison = await compareProject({
  root: path.resolve(root),
  scratch,
  paths: values.path,
  basePath: values["base-path"],
  env: values.env,
  config: values.config,
  binding: values.binding,
  namespaceId: values["namespace-id"],
});
printComparison(comparison, { isJson: values.json ?? false });
if (comparison.differences.length > 0) process.exitCode = 1;
