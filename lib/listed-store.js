// Stores whose keys can be listed and read, which verifying and pruning need.

import { invalidOption } from "./options/check.js";
import { withStore } from "./seed-cache.js";

/**
 * Options in which the store is as the native code takes it.
 * @template {{ root: string, store?: unknown, appPrefix?: string | null }} Options
 * @param {Options} options
 * @throws an error with the code `INVALID_OPTION` if the store is a cache handler
 */
export function withListedStore(options) {
  const { handler, ...named } = withStore(options);
  if (handler === undefined) return named;
  throw invalidOption(
    "store",
    "must not be a cache handler here, because a handler can neither list nor delete keys; " +
      "name the Redis server, bucket or directory that it writes to",
  );
}
