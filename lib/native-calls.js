// The addon's functions that need a build, each with its result if the run is skipped.

import {
  exportKvSeed,
  planKvSeed,
  pruneKvEntries,
  sampleKvEntries,
  seedHandler,
  seedKvCache,
  seedStore,
} from "./binding.js";

/** @typedef {import("../index.js").BuildFindings} BuildFindings */

/**
 * @template Options
 * @template Result
 * @typedef {object} NativeCall
 * @property {(options: Options) => Promise<Result>} call
 * @property {(findings: BuildFindings) => Result} skipped the result of a run that does nothing
 */

/** What every result has. @type {BuildFindings} */
const NO_FINDINGS = {
  durationMs: 0,
  routesSkipped: [],
  routesSkippedTotal: 0,
  skippedReasons: [],
  warnings: [],
};

/**
 * The result of seeding nothing.
 * @type {import("../index.js").SeedResult}
 */
export const NOTHING_SEEDED = {
  routes: 0,
  seededRoutes: 0,
  kvPairsPlanned: 0,
  kvPairsUploaded: 0,
  kvPairsUnchanged: 0,
  kvPairsNotStored: 0,
  notStored: [],
  routesNotReached: 0,
  bytesUploaded: 0,
  batches: 0,
  retries: 0,
  ...NO_FINDINGS,
};

const NOTHING_PLANNED = {
  routes: 0,
  totalRoutes: 0,
  kvPairs: 0,
  routesWithinBudget: 0,
  kvPairsWithinBudget: 0,
  bytes: 0,
  batches: 0,
  largestEntries: [],
};

const NOTHING_EXPORTED = { files: [], routes: 0, kvPairs: 0, bytes: 0 };

const NOTHING_SAMPLED = { entries: [], kvPairs: 0 };

/** @param {BuildFindings} findings */
const seedingSkipped = (findings) => ({ ...NOTHING_SEEDED, ...findings });

export const SEED_KV = { call: seedKvCache, skipped: seedingSkipped };

export const SEED_STORE = { call: seedStore, skipped: seedingSkipped };

export const SEED_HANDLER = { call: seedHandler, skipped: seedingSkipped };

export const PLAN = {
  call: planKvSeed,
  skipped: (/** @type {BuildFindings} */ findings) => ({ ...NOTHING_PLANNED, ...findings }),
};

export const EXPORT = {
  call: exportKvSeed,
  skipped: (/** @type {BuildFindings} */ findings) => ({ ...NOTHING_EXPORTED, ...findings }),
};

export const SAMPLE = {
  call: sampleKvEntries,
  skipped: (/** @type {BuildFindings} */ findings) => ({ ...NOTHING_SAMPLED, ...findings }),
};

export const PRUNE = {
  call: pruneKvEntries,
  skipped: (/** @type {BuildFindings} */ { skipped, skippedCode, warnings }) => ({
    skipped,
    skippedCode,
    warnings,
  }),
};
