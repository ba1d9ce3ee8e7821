// Exit codes. `deploy` passes on the exit code of the build or the deploy instead.

import os from "node:os";

/** Success, or skipped with a warning. */
export const OK = 0;
/** Seeding failed or was skipped with `--strict`. */
export const FAILED = 1;
/** The command line is invalid. */
export const USAGE = 2;

/**
 * Ended by a signal, as in shells: 130 for Ctrl-C.
 * @param {NodeJS.Signals} signal
 */
export function exitCodeOf(signal) {
  return 128 + os.constants.signals[signal];
}
