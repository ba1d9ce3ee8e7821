// How the command ends. `deploy` passes on the exit code of the build or the deploy instead.

import os from "node:os";

/** Done, or not done with a warning. */
export const OK = 0;
/** The seeding failed or was skipped, and `--strict` was given. */
export const FAILED = 1;
/** The command line is wrong. */
export const USAGE = 2;

/**
 * Ended by a signal, as shells count it: 130 for Ctrl-C.
 * @param {NodeJS.Signals} signal
 */
export function exitCodeOf(signal) {
  return 128 + os.constants.signals[signal];
}
