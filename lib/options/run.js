// The options that control a run: what it writes first, and its limits.

import { BUILD, MAX_COUNT, SEEDING } from "./option.js";

/** A terabyte, beyond which it is a slip of units. */
const MAX_MEMORY_BYTES = 2 ** 40;

/** An hour: anything beyond is a slip of units. */
const MAX_DURATION_MS = 3_600_000;

/** Those of Cloudflare's API. */
const MAX_BATCH_PAIRS = 10_000;
const MAX_BATCH_BYTES = 100_000_000;

const MAX_CONCURRENCY = 64;
const MAX_ATTEMPTS = 100;

/** A handler is given one entry at a time. */
const BATCHED = BUILD.filter((name) => name !== "seedCacheHandler");

/** @type {import("./option.js").OptionRow[]} */
export const WRITE_OPTIONS = [
  {
    name: "force",
    kind: "boolean",
    of: SEEDING,
    doc: "write every entry, even [unchanged ones](cost.md#unchanged-entries)",
    flags: [{ flags: "--force", help: "write every entry, even unchanged ones" }],
  },
  {
    name: "maxWrites",
    kind: "count",
    max: MAX_COUNT,
    of: [...SEEDING, "planKvSeed"],
    default: "no limit",
    doc:
      "maximum number of entries to write, [most important first](cost.md#a-budget); the rest is in `notStored` " +
      "as `over-budget`",
    flags: [
      {
        flags: "--max-writes <n>",
        help: "write at most n entries, most important first (docs/cost.md)",
        doc:
          "maximum number of entries to write, [most important first](cost.md#a-budget). `plan` prints what `n` " +
          "writes cover",
      },
    ],
  },
  {
    name: "first",
    kind: "globs",
    of: BUILD,
    default: "none",
    doc:
      "globs of paths that are written first when `maxWrites` is not enough: `*` within a segment, `**` " +
      "across segments",
    flags: [
      {
        flags: "--first <glob>",
        help: "with --max-writes: paths to write first; may be repeated",
        doc:
          "paths that `--max-writes` is spent on first; may be repeated. `*` stays within a segment, " +
          "`**` does not",
      },
    ],
  },
  {
    name: "htmlOnly",
    kind: "boolean",
    of: [...BUILD, "verifyFromProject"],
    doc: "write no RSC payloads; the Worker renders a payload when it is first requested",
    flags: [
      {
        flags: "--html-only",
        help: "write no RSC payloads; the Worker renders them on demand",
      },
    ],
  },
];

/** @type {import("./option.js").OptionRow[]} */
export const LIMIT_OPTIONS = [
  {
    name: "maxMemoryBytes",
    kind: "count",
    max: MAX_MEMORY_BYTES,
    unit: "bytes",
    of: SEEDING,
    default: "128 MB",
    doc: "memory on top of the process; the number and size of requests in flight follow from it",
  },
  {
    name: "maxBatchPairs",
    kind: "count",
    max: MAX_BATCH_PAIRS,
    of: BATCHED,
    default: "10,000",
    doc: "entries in one request, or in one file of an export",
  },
  {
    name: "maxBatchBytes",
    kind: "count",
    max: MAX_BATCH_BYTES,
    unit: "bytes",
    of: BATCHED,
    default:
      "what `maxMemoryBytes` allows, at most 8 MiB, for Redis 1 MiB; 25 MB in a file of an export",
    doc: "bytes in one request, or in one file of an export",
  },
  {
    name: "concurrency",
    kind: "count",
    max: MAX_CONCURRENCY,
    of: SEEDING,
    default: "what `maxMemoryBytes` allows, at most 8",
    doc: "requests in flight",
  },
  {
    name: "compress",
    kind: "boolean",
    of: ["seedKvCache", "seedFromProject"],
    doc:
      "Workers KV only: [compress requests](performance.md#compressed-requests) with gzip, while " +
      "the API accepts them and it saves time",
    flags: [{ flags: "--compress", help: "compress requests while the API accepts it" }],
  },
  {
    name: "retry",
    kind: "object",
    of: SEEDING,
    default: "see below",
    doc: "how often, and for how long, failed requests are retried",
  },
  {
    name: "retry.attempts",
    kind: "count",
    max: MAX_ATTEMPTS,
    of: SEEDING,
    default: "8; 3 for a handler",
    doc: "requests for the same entries, including the first",
  },
  {
    name: "retry.initialDelayMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "100",
    doc: "the delay after the first failure; it doubles after each further one",
  },
  {
    name: "retry.maxDelayMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "10,000",
    doc: "the longest delay",
  },
  {
    name: "retry.totalMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "300,000",
    doc: "all failing requests and delays together",
  },
  {
    name: "timeouts",
    kind: "object",
    of: SEEDING,
    default: "see below",
    doc: "how long the parts of a request may take",
  },
  {
    name: "timeouts.connectMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "15,000",
    doc: "connecting, TLS included",
  },
  {
    name: "timeouts.idleMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "60,000",
    doc: "time without progress while a body is sent",
  },
  {
    name: "timeouts.replyMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "120,000",
    doc: "from the last byte sent to the reply",
  },
  {
    name: "timeouts.requestMs",
    kind: "count",
    max: MAX_DURATION_MS,
    unit: "ms",
    of: SEEDING,
    default: "300,000; 30,000 for a handler",
    doc: "a whole request, or one call of a handler",
  },
];
