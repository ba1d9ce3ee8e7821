// The options of verifying and pruning.

import { MAX_COUNT } from "./option.js";

/** The most builds that can be kept. */
const MAX_KEEP = 10_000;

/** A hundred years. */
const MAX_AGE_SECONDS = 100 * 366 * 86_400;

const PRUNING = /** @type {const} */ (["pruneFromProject", "pruneKvCache"]);

/** @type {import("./option.js").OptionRow[]} */
export const VERIFY_AND_PRUNE_OPTIONS = [
  {
    name: "url",
    kind: "site",
    of: ["verifyFromProject", ...PRUNING],
    default: "none",
    doc:
      "the deployed site, `http:` or `https:`, without a user name. `verifyFromProject` requests pages from it; " +
      "pruning asks it which build is live, instead of reading the Worker's code",
    flags: [
      {
        flags: "--url <url>",
        commands: ["verify"],
        help: "the deployed site: request pages from it too",
        doc:
          "the deployed site, with the base path if it has one: request pages from it too. Without it, entries " +
          "are only read back through the API",
      },
      {
        flags: "--url <url>",
        commands: ["prune"],
        help: "ask this site, not the deployed Worker, which build is live",
        doc:
          "ask this site which build is live. Without it, the deployed Worker's code is read through the " +
          'API, which takes the permission "Workers Scripts: Read"',
      },
      {
        flags: "--url <url>",
        commands: ["deploy"],
        help: "with --verify: the deployed site",
        doc: "with `--verify`: the deployed site",
      },
    ],
  },
  {
    name: "sample",
    kind: "count",
    max: MAX_COUNT,
    of: ["verifyFromProject"],
    default: "100",
    doc: "`verifyFromProject`: how many pages, evenly spread over the site",
    flags: [
      {
        flags: "--sample <n>",
        commands: ["verify"],
        help: "how many pages to verify (default: 100)",
        doc: "how many pages, evenly spread over the site",
      },
      {
        flags: "--sample <n>",
        commands: ["deploy"],
        help: "with --verify: how many pages (default: 100)",
        doc: "with `--verify`: how many pages",
      },
    ],
  },
  {
    name: "keep",
    kind: "count",
    max: MAX_KEEP,
    of: PRUNING,
    default: "3",
    doc: "how many of the newest builds to keep, besides the one in `dist` and the live one",
    flags: [
      {
        flags: "--keep <n>",
        commands: ["prune"],
        help: "how many of the newest builds to keep (default: 3)",
      },
    ],
  },
  {
    name: "olderThanSeconds",
    kind: "count",
    max: MAX_AGE_SECONDS,
    unit: "s",
    of: PRUNING,
    default: "none",
    doc: "pruning: keep builds that are younger",
    flags: [
      {
        flags: "--older-than <age>",
        commands: ["prune"],
        parser: "age",
        help: "keep builds that are younger, such as 7d, 12h or 90m",
        doc: "keep builds that are younger, such as `7d`, `12h` or `90m`",
      },
    ],
  },
  {
    name: "dryRun",
    kind: "boolean",
    of: PRUNING,
    doc: "report what would be deleted, and delete nothing",
    flags: [
      {
        flags: "--dry-run",
        commands: ["prune"],
        help: "print what would be deleted; delete nothing",
      },
    ],
  },
  {
    name: "maxDeletes",
    kind: "count",
    max: MAX_COUNT,
    of: PRUNING,
    default: "no limit",
    doc: "maximum number of entries to delete; the next run continues",
    flags: [{ flags: "--max-deletes <n>", commands: ["prune"], help: "delete at most n entries" }],
  },
];
