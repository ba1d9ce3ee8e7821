// The options that say where entries go.

import { PROJECT, SEEDING } from "./option.js";

const NAMESPACE = /** @type {const} */ (["seedKvCache", "pruneKvCache"]);

const OF_WRANGLER = "the wrangler configuration's";

/** @type {import("./option.js").OptionRow[]} */
export const TARGET_OPTIONS = [
  {
    name: "env",
    kind: "text",
    mayBeEmpty: true,
    of: PROJECT,
    default: "the top-level environment, or CLOUDFLARE_ENV",
    doc: "the environment of the wrangler configuration",
    flags: [{ flags: "-e, --env <name>", help: "environment of the wrangler configuration" }],
  },
  {
    name: "config",
    kind: "file",
    of: PROJECT,
    default: "the one that wrangler finds, redirects included",
    doc: "the wrangler configuration",
    flags: [
      {
        flags: "-c, --config <file>",
        help: "wrangler configuration (default: the one wrangler finds)",
      },
    ],
  },
  {
    name: "binding",
    kind: "text",
    of: PROJECT,
    default:
      "the built Worker's, else the Vite configuration's `kvDataAdapter({ binding })`, else " +
      "VINEXT_KV_CACHE, else VINEXT_CACHE",
    doc: "the KV binding of the Worker",
    flags: [
      {
        flags: "--binding <name>",
        help:
          "KV binding of the Worker (default: the built Worker's, else the Vite configuration's, " +
          "else VINEXT_KV_CACHE, else VINEXT_CACHE)",
      },
    ],
  },
  {
    name: "namespaceId",
    kind: "text",
    of: [...NAMESPACE, ...PROJECT],
    requiredBy: NAMESPACE,
    default: "the binding's; without an id there, the deployed Worker's",
    doc: "the KV namespace",
    flags: [{ flags: "--namespace-id <id>", help: "KV namespace (default: the binding's)" }],
  },
  {
    name: "accountId",
    kind: "text",
    of: [...NAMESPACE, ...PROJECT],
    requiredBy: NAMESPACE,
    default:
      "the configuration's `account_id`, else CLOUDFLARE_ACCOUNT_ID, else the account that wrangler " +
      "remembers, else the only one the token can see",
    doc: "the Cloudflare account",
    flags: [
      {
        flags: "--account-id <id>",
        help:
          "Cloudflare account (default: the configuration's, else CLOUDFLARE_ACCOUNT_ID, else the " +
          "one that wrangler remembers, else the only one)",
      },
    ],
  },
  {
    name: "workerName",
    kind: "text",
    of: [...PROJECT, "pruneKvCache"],
    default: OF_WRANGLER,
    doc:
      "the Worker, as for `wrangler deploy --name`. If the binding has no id, its namespace is looked up " +
      "on this Worker; pruning reads the live build from its code",
    flags: [{ flags: "--name <worker>", help: "the Worker's name, as for wrangler deploy" }],
  },
  {
    name: "dispatchNamespace",
    kind: "text",
    of: [...PROJECT, "pruneKvCache"],
    default: OF_WRANGLER,
    doc: "as for `wrangler deploy`, for Workers for Platforms",
    flags: [{ flags: "--dispatch-namespace <name>", help: "as for wrangler deploy" }],
  },
  {
    name: "profile",
    kind: "text",
    of: PROJECT,
    default: "wrangler's",
    doc: "the login to use, as for wrangler",
    flags: [{ flags: "--profile <name>", help: "wrangler's auth profile" }],
  },
  {
    name: "envFiles",
    kind: "files",
    of: PROJECT,
    default: "`.env` and `.env.local`, also of the environment",
    doc: "the files to read instead of `.env`, as for wrangler",
    flags: [
      {
        flags: "--env-file <file>",
        help: "as for wrangler; may be repeated",
        doc: "a file to read instead of `.env`, as for wrangler; may be repeated",
      },
    ],
  },
  {
    name: "apiToken",
    kind: "text",
    of: [...NAMESPACE, ...PROJECT],
    requiredBy: NAMESPACE,
    default: "CLOUDFLARE_API_TOKEN, else wrangler's login",
    doc: 'an API token with the permission "Workers KV Storage: Edit"',
  },
  {
    name: "apiBaseUrl",
    kind: "text",
    of: [...NAMESPACE, ...PROJECT],
    default: "`https://api.cloudflare.com/client/v4`",
    doc: "Cloudflare's API: https, or http on this machine only",
  },
  {
    name: "store",
    kind: "store",
    of: ["seedCache", "seedFromProject", "planKvSeed", "verifyFromProject", "pruneFromProject"],
    default: "[what the built site reads](stores.md#the-default-store), else Workers KV",
    doc:
      "another store: an object, or a string in the format of `--to` ([more](options.md#another-store)). Verifying and " +
      "pruning use Workers KV without it, and take no handler",
    flags: [
      {
        flags: "--to <store>",
        help:
          "another store than Workers KV: redis://…, rediss://…, s3://<bucket>/<prefix>, dir:<directory>, or " +
          "handler, the project's own cache handler (not export; handler: run, plan and deploy)",
        doc:
          "another store than Workers KV, not for `export`: `redis://…`, `rediss://…`, " +
          "`s3://<bucket>/<prefix>`, `dir:<directory>`, or `handler`, [the project's " +
          "own](stores.md#the-projects-own-handler), which cannot be verified or pruned " +
          "([more](options.md#another-store))",
      },
    ],
  },
  {
    name: "local",
    kind: "boolean",
    of: ["seedFromProject"],
    doc:
      "seed the KV that `wrangler dev` and `vite preview` read on this machine, even while they are " +
      "running",
    flags: [
      {
        flags: "--local",
        help: "the KV of wrangler dev and vite preview on this machine (run and plan)",
      },
    ],
  },
  {
    name: "persistTo",
    kind: "file",
    of: ["seedFromProject"],
    default:
      "`persistState.path` of `cloudflare()` in the Vite configuration, else `.wrangler/state` next to " +
      "the wrangler configuration, else in the project",
    doc: "with `local`: wrangler's directory for local state",
    flags: [
      {
        flags: "--persist-to <dir>",
        help: "with --local: wrangler's directory for local state",
        doc: "with `--local`: wrangler's directory for local state",
      },
    ],
  },
  {
    name: "afterDeploy",
    kind: "boolean",
    of: ["seedFromProject"],
    doc: "after a deploy: seed unless the namespace already has this build's entries; see [the first deploy](cli.md#the-first-deploy)",
    flags: [
      {
        flags: "--after-deploy",
        commands: ["run"],
        help: "after a deploy: seed unless the namespace already has this build's entries",
      },
    ],
  },
];

/** @type {import("./option.js").OptionRow[]} */
export const HANDLER_OPTIONS = [
  {
    name: "handler",
    kind: "handler",
    of: ["seedCacheHandler"],
    requiredBy: ["seedCacheHandler"],
    doc: "instead of a target: a cache handler with `set`, see [stores.md](stores.md#any-handler)",
  },
];

/** @type {import("./option.js").OptionRow[]} */
export const OUTCOME_OPTIONS = [
  {
    name: "noSeedCache",
    kind: "boolean",
    of: ["seedFromProject"],
    doc: "do nothing; for deploy scripts with a `--no-seed-cache` flag",
  },
  {
    name: "strict",
    kind: "boolean",
    of: ["seedFromProject"],
    doc: "reject if seeding fails or is skipped, or if pages failed to render during the build",
    flags: [
      {
        flags: "--strict",
        help: "exit with 1 if seeding fails or is skipped",
        doc:
          "exit with 1 if seeding fails or is skipped, or if pages failed to render during the build; " +
          "`deploy` then does not deploy",
      },
    ],
  },
  {
    name: "onProgress",
    kind: "function",
    of: SEEDING,
    default: "none",
    doc: "called at most ten times a second",
  },
  {
    name: "signal",
    kind: "signal",
    of: [
      ...SEEDING,
      "planKvSeed",
      "exportKvSeed",
      "verifyFromProject",
      "pruneFromProject",
      "pruneKvCache",
    ],
    default: "none",
    doc: "an `AbortSignal` that cancels the run",
  },
];
