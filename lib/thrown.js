// Turns into text what the code of others threw.

/**
 * The message of a thrown value, which the native code sanitizes.
 * @param {unknown} thrown
 * @returns {string}
 */
export function textOf(thrown) {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "a value that is not a string was thrown";
  }
}
