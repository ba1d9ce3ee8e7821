// The options that say which build is seeded, and how.

import { BUILD, PROJECT, MAX_COUNT } from "./option.js";

/** The longest TTL that KV accepts: 2³¹ − 1 seconds, 68 years. Thirty days in milliseconds are more. */
export const MAX_TTL_SECONDS = 2_147_483_647;

const WITH_PRUNING = /** @type {const} */ ([
  ...BUILD,
  "verifyFromProject",
  "pruneFromProject",
  "pruneKvCache",
]);

/** @type {import("./option.js").OptionRow[]} */
export const BUILD_OPTIONS = [
  {
    name: "root",
    kind: "text",
    of: WITH_PRUNING,
    requiredBy: WITH_PRUNING.filter((name) => !PROJECT.some((other) => other === name)),
    default: "required; the current directory for `…FromProject`",
    doc: "the project; the build is in its `dist/`",
  },
  {
    name: "appPrefix",
    kind: "text",
    mayBeEmpty: true,
    of: [...WITH_PRUNING.filter((name) => name !== "seedCacheHandler"), "explainRoute"],
    default: "the built Worker's, else the Vite configuration's `kvDataAdapter({ appPrefix })`",
    doc: 'the KV adapter\'s `appPrefix`; `""` for none ([more](compatibility.md#adapter-options))',
    flags: [
      {
        flags: "--app-prefix <prefix>",
        help:
          'appPrefix of the KV adapter, "" for none (default: the built Worker\'s, else the Vite ' +
          "configuration's)",
      },
    ],
  },
  {
    name: "viteMode",
    kind: "text",
    mayBeEmpty: true,
    of: WITH_PRUNING,
    default: "`production`",
    doc: "the mode that the build ran in, as in `vite build --mode`",
    flags: [
      {
        flags: "--mode <mode>",
        help: "mode of the build, as vite build --mode (default: production)",
        doc: "the mode that the build ran in, as in `vite build --mode`. `deploy` builds with it",
      },
    ],
  },
  {
    name: "viteConfig",
    kind: "file or false",
    mayBeEmpty: true,
    of: WITH_PRUNING,
    default: "the file that Vite finds",
    doc: "a file, or `false` to read none",
    flags: [
      {
        flags: "--vite-config <file>",
        help: "Vite configuration (default: the one Vite finds)",
        doc: "the Vite configuration",
      },
      {
        flags: "--no-vite-config",
        help: "use the built Worker only",
        doc: "use the built Worker only",
      },
    ],
  },
  {
    name: "runtime",
    kind: "object",
    of: [...WITH_PRUNING, "explainRoute"],
    requiredBy: ["explainRoute"],
    default: "the versions installed in `root`, detected from their code",
    doc: "exact versions of the packages that read the entries; the installed packages are then ignored",
  },
  {
    name: "runtime.vinext",
    kind: "text",
    of: [...WITH_PRUNING, "explainRoute"],
    requiredBy: [...WITH_PRUNING, "explainRoute"],
    default: "the installed one",
    doc: "the version of vinext; required in `runtime`",
    flags: [
      {
        flags: "--vinext-version <version>",
        help: "vinext's version, if it is not installed (default: the installed one)",
        doc:
          "the version of vinext, instead of the installed one; set it in a job that deploys a build " +
          "without installing the packages",
      },
    ],
  },
  {
    name: "runtime.cloudflare",
    kind: "text",
    of: [...WITH_PRUNING, "explainRoute"],
    default: "the installed one",
    doc: "the version of @vinext/cloudflare; in `runtime`, none without it",
    flags: [
      {
        flags: "--adapter-version <version>",
        help: "with --vinext-version: the version of @vinext/cloudflare",
        doc: "with `--vinext-version`: the version of @vinext/cloudflare",
      },
    ],
  },
  {
    name: "ttlSeconds",
    kind: "count",
    max: MAX_TTL_SECONDS,
    unit: "s",
    of: BUILD,
    default:
      "the adapter's (built Worker, else Vite configuration), else 10 × `revalidate` or `expire`, " +
      "whichever is longer; 60 s to 30 days",
    doc: "how long KV keeps pages that revalidate",
    flags: [{ flags: "--ttl <seconds>", help: "how long KV keeps pages that revalidate" }],
  },
  {
    name: "staticTtlSeconds",
    kind: "count",
    max: MAX_TTL_SECONDS,
    unit: "s",
    of: BUILD,
    default: "until they are deleted",
    doc: "how long KV keeps static pages, at least 60 s",
    flags: [
      {
        flags: "--static-ttl <seconds>",
        help: "how long KV keeps static pages (default: until deleted)",
      },
    ],
  },
  {
    name: "allowUnprovenRoutes",
    kind: "boolean",
    of: WITH_PRUNING,
    doc:
      "seed vinext before 0.2.1 too, whose builds do not show which pages are the same for every " +
      "visitor; [see the README](../README.md#compatibility) first",
    flags: [
      {
        flags: "--allow-unproven-routes",
        help: "also seed vinext before 0.2.1; see the README first",
      },
    ],
  },
  {
    name: "seedFailedRenders",
    kind: "boolean",
    of: [...BUILD, "verifyFromProject"],
    doc: "seed pages whose [render failed](compatibility.md#failed-renders) during the build, as the build left them",
    flags: [
      {
        flags: "--seed-failed-renders",
        help: "also seed pages whose render failed during the build",
      },
    ],
  },
  {
    name: "selfCheck",
    kind: "boolean",
    of: BUILD,
    default: "`true`",
    doc: "before sending, compare keys with the installed vinext's own key function",
  },
  {
    name: "maxListed",
    kind: "count",
    max: MAX_COUNT,
    of: BUILD,
    default: "10,000",
    doc:
      "how many skipped routes (`routesSkipped`), and how many keys that are not stored (`notStored`), a " +
      "result names. All are counted, and skipped routes by reason too (`skippedReasons`). " +
      "`Number.MAX_SAFE_INTEGER` names all, as `--verbose` does; a million take half a gigabyte",
  },
  {
    name: "directory",
    kind: "file",
    of: ["exportKvSeed"],
    requiredBy: ["exportKvSeed"],
    doc: "`exportKvSeed`: where the files go; it must be empty, and is created if missing",
  },
];
