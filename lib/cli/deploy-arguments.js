// Parses the arguments that `deploy` passes to `wrangler deploy`. Those that select the target
// apply to the build and to seeding too; those that would deploy something other than the build are
// rejected.

import path from "node:path";
import parse from "yargs-parser";

/**
 * @typedef {object} DeployArguments
 * @property {string} [env]
 * @property {string} [config]
 * @property {string} [workerName] `--name`
 * @property {string} [dispatchNamespace]
 * @property {string} [profile]
 * @property {string[]} [envFiles]
 * @property {boolean} dryRun
 */

/** Arguments with one value, and their names here. */
const SINGLE = /** @type {const} */ ({
  env: "env",
  config: "config",
  name: "workerName",
  "dispatch-namespace": "dispatchNamespace",
  profile: "profile",
});

/** Arguments that conflict with building and seeding, and what to do instead. */
const REFUSED = {
  cwd: "name the project's directory as the argument of vinext-seed deploy instead",
  script: "it would deploy something other than the build",
  temporary: "the token of a temporary account cannot be used for seeding; log in first",
  "event-code": "the token of a temporary account cannot be used for seeding; log in first",
  "experimental-new-config": "it would deploy something other than the Vite build",
  "legacy-env": "service environments are not supported; deploy without it",
  help: "run `wrangler deploy --help` itself",
  version: "run `wrangler --version` itself",
};

/**
 * Boolean flags of `wrangler deploy` (4.151), hidden ones included. A word after one of them is not
 * its value but the path of another Worker.
 */
const BOOLEAN = [
  "autoconfig",
  "bundle",
  "dry-run",
  "experimental-auto-create",
  "experimental-deploy-helpers",
  "experimental-new-config",
  "experimental-provision",
  "experimental-route-zones",
  "help",
  "install-skills",
  "keep-vars",
  "latest",
  "legacy-env",
  "logpush",
  "minify",
  "no-bundle",
  "node-compat",
  "strict",
  "temporary",
  "upload-source-maps",
  "version",
  "x-auto-create",
  "x-deploy-helpers",
  "x-provision",
  "x-route-zones",
];

/** Arguments with any number of values: the words after them belong to them. */
const ARRAY = [
  "alias",
  "compatibility-flags",
  "define",
  "domains",
  "env-file",
  "routes",
  "site-exclude",
  "site-include",
  "triggers",
  "var",
  "zone",
  "zone-id",
];

const STRING = [...Object.keys(SINGLE), "cwd", "script", "event-code"];

const ALIASES = {
  env: ["e"],
  config: ["c"],
  help: ["h"],
  version: ["v"],
  "experimental-new-config": ["x-new-config"],
  "compatibility-flags": ["compatibility-flag"],
  routes: ["route"],
  triggers: ["schedule", "schedules"],
  domains: ["domain"],
  zone: ["zones"],
  "zone-id": ["zone-ids"],
};

/** Short flags of `wrangler deploy`. */
const LETTERS = ["c", "e", "h", "v"];

const OPTIONS = {
  alias: ALIASES,
  array: ARRAY,
  boolean: BOOLEAN,
  // Of every name, so that `--dryRun` is `--dry-run`.
  key: Object.fromEntries([...ARRAY, ...BOOLEAN, ...STRING].map((name) => [name, true])),
  // Wrangler wants a value for each of them.
  narg: Object.fromEntries(STRING.map((name) => [name, 1])),
  string: STRING,
};

/**
 * @param {string[]} args what stands behind `--`
 * @param {string} root where wrangler is run, so what its paths are relative to
 * @returns {DeployArguments | { problem: string }}
 */
export function readDeployArguments(args, root) {
  // The parser that wrangler's own command line is made with, so that `--env=x`, `-e x`, `--dryRun`
  // and `--no-dry-run` mean the same here.
  const { argv: parsed, error } = parse.detailed(args, OPTIONS);
  if (error !== null) return { problem: `wrangler's arguments cannot be read: ${error.message}` };
  for (const [name, instead] of Object.entries(REFUSED)) {
    if (parsed[name] !== undefined && parsed[name] !== false) {
      return { problem: `--${name} cannot be passed to wrangler: ${instead}` };
    }
  }
  const letter = Object.keys(parsed).find(
    (name) => /^[a-z]$/iu.test(name) && !LETTERS.includes(name),
  );
  if (letter !== undefined) return { problem: `wrangler deploy has no argument -${letter}` };
  const [worker] = parsed._;
  if (worker !== undefined) {
    const reason = "it would deploy something other than the build";
    return { problem: `the path "${worker}" cannot be passed to wrangler: ${reason}` };
  }
  /** @type {DeployArguments} */
  const read = { dryRun: parsed["dry-run"] === true };
  for (const [name, ours] of Object.entries(SINGLE)) {
    const value = parsed[name];
    if (value === undefined) continue;
    if (typeof value !== "string") return { problem: `--${name} is passed more than once` };
    // An empty environment name is the top-level one. Wrangler accepts no other empty value.
    if (value === "" && name !== "env") return { problem: `--${name} has no value` };
    read[ours] = name === "config" ? path.resolve(root, value) : value;
  }
  /** @type {string[] | undefined} */
  const envFiles = parsed["env-file"];
  if (envFiles !== undefined) read.envFiles = envFiles.map((file) => path.resolve(root, file));
  return read;
}
