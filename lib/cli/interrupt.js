// Turns SIGINT and SIGTERM into an abort signal; a second signal ends the process immediately.

import { exitCodeOf } from "./exit-codes.js";

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM"]);

/**
 * @typedef {object} Interrupt
 * @property {AbortSignal} signal
 * @property {NodeJS.Signals | undefined} received
 * @property {() => void} ignore listens no more
 */

/** @returns {Interrupt} */
export function listenForInterrupt() {
  const controller = new AbortController();
  /** @type {Interrupt} */
  const interrupt = {
    signal: controller.signal,
    received: undefined,
    ignore() {
      for (const signal of SIGNALS) process.removeListener(signal, listener);
    },
  };
  /** @param {NodeJS.Signals} signal */
  function listener(signal) {
    if (interrupt.received !== undefined) process.exit(exitCodeOf(signal));
    interrupt.received = signal;
    controller.abort();
  }
  for (const signal of SIGNALS) process.on(signal, listener);
  return interrupt;
}
