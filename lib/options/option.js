// What a row of the options table says, and which functions take it.

/**
 * What values an option takes. A `site` is the URL of a deployed site; what a `store`, its type, a `handler`
 * or `pages` must look like is in separate modules.
 * @typedef {"text" | "globs" | "file" | "files" | "file or false" | "site" | "boolean" | "count" | "object"
 *   | "function" | "signal" | "store" | "store type" | "any" | "handler" | "pages"} Kind
 */

/**
 * An option of the command line. `<…>` after its name makes it take a value.
 * @typedef {object} Flag
 * @property {string} flags as commander takes them: `-e, --env <name>`
 * @property {string} help one line of `--help`
 * @property {Command[]} [commands] missing: every command has it
 * @property {string} [doc] for docs/cli.md, if it is not the option's own
 * @property {"age"} [parser] how its value is read, where that does not follow from the kind
 * @property {string} [conflicts] an option that it cannot be combined with
 */

/** @typedef {"run" | "plan" | "export" | "verify" | "prune" | "deploy"} Command */

/**
 * @typedef {object} OptionRow
 * @property {string} name as in index.d.ts; a member of an object is `retry.attempts`
 * @property {Kind} kind
 * @property {readonly FunctionName[]} of the functions that take it; none if only the command does
 * @property {readonly FunctionName[]} [requiredBy] those that reject without it
 * @property {boolean} [mayBeEmpty] whether a text may be empty
 * @property {readonly StoreType[]} [storeTypes] of a member of `store`: the types of store that have it
 * @property {number} [max] the largest count
 * @property {"s" | "ms" | "bytes"} [unit] of a count
 * @property {string} [default] Markdown; missing for "off" and for what is required
 * @property {string} doc one line of Markdown, without a full stop
 * @property {Flag[]} [flags]
 */

/** @typedef {"redis" | "s3" | "dir" | "handler"} StoreType */

/** @typedef {typeof FUNCTIONS[number]} FunctionName */

/** Every function that takes options. */
export const FUNCTIONS = /** @type {const} */ ([
  "seedKvCache",
  "seedCache",
  "seedCacheHandler",
  "seedFromProject",
  "planKvSeed",
  "exportKvSeed",
  "verifyFromProject",
  "pruneFromProject",
  "pruneKvCache",
  "explainRoute",
]);

/** Functions that write entries. */
export const SEEDING = /** @type {const} */ ([
  "seedKvCache",
  "seedCache",
  "seedCacheHandler",
  "seedFromProject",
]);

/** Functions that read a build. */
export const BUILD = /** @type {const} */ ([...SEEDING, "planKvSeed", "exportKvSeed"]);

/** Functions that find the namespace of a project. */
export const PROJECT = /** @type {const} */ ([
  "seedFromProject",
  "verifyFromProject",
  "pruneFromProject",
]);

/** The largest whole number that JavaScript can tell from its neighbours. */
export const MAX_COUNT = Number.MAX_SAFE_INTEGER;
