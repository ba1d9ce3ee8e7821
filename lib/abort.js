// Cancelling with an `AbortSignal`, with the error that the addon rejects with.

/**
 * A signal that a caller passed as an option, if valid. The addon reports what is wrong with an
 * invalid one.
 * @param {unknown} value
 * @returns {AbortSignal | undefined}
 */
export function signalOf(value) {
  const { addEventListener, aborted } = /** @type {any} */ (value ?? {});
  const isSignal = typeof addEventListener === "function" && typeof aborted === "boolean";
  return isSignal ? /** @type {AbortSignal} */ (value) : undefined;
}

/**
 * @param {AbortSignal} signal
 * @returns {Error & { code: string }}
 */
export function abortError(signal) {
  const error = new Error("seeding was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

/** @param {AbortSignal | undefined} signal */
export function throwIfAborted(signal) {
  if (signal?.aborted) throw abortError(signal);
}

/**
 * Calls the listener when the signal is aborted, immediately if it already is.
 * @param {AbortSignal | undefined} signal
 * @param {(error: Error) => void} listener
 * @returns {() => void} stops listening; never throws
 */
export function whenAborted(signal, listener) {
  if (signal === undefined) return () => {};
  const call = () => listener(abortError(signal));
  if (signal.aborted) {
    call();
    return () => {};
  }
  signal.addEventListener("abort", call);
  return () => {
    try {
      signal.removeEventListener("abort", call);
    } catch {
      // A custom signal without `removeEventListener`. It keeps a listener that no longer does anything.
    }
  };
}

/**
 * The promise, or a rejection as soon as the signal is aborted. What the promise does then is ignored.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<T>}
 */
export function orAborted(promise, signal) {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = whenAborted(signal, reject);
    promise.then(resolve, reject).finally(stop);
  });
}
