/**
 * A signal that a caller passed as an option, if valid. The addon reports what is wrong with an
 * invalid one.
 * @param {unknown} value
 * @returns {AbortSignal | undefined}
 */
export function signalOf(value: unknown): AbortSignal | undefined;
/**
 * @param {AbortSignal} signal
 * @returns {Error & { code: string }}
 */
export function abortError(signal: AbortSignal): Error & {
    code: string;
};
/** @param {AbortSignal | undefined} signal */
export function throwIfAborted(signal: AbortSignal | undefined): void;
/**
 * Calls the listener when the signal is aborted, immediately if it already is.
 * @param {AbortSignal | undefined} signal
 * @param {(error: Error) => void} listener
 * @returns {() => void} stops listening; never throws
 */
export function whenAborted(signal: AbortSignal | undefined, listener: (error: Error) => void): () => void;
/**
 * The promise, or a rejection as soon as the signal is aborted. What the promise does then is ignored.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<T>}
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T>;
