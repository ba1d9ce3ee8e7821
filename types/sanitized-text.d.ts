/**
 * Sanitizes untrusted text within a message: one line, at most 500 characters.
 * @param {unknown} text
 */
export function sanitize(text: unknown): string;
/**
 * Sanitizes whole messages of several lines as a last guard, keeping layout and length.
 * @param {string} text
 */
export function sanitizeLines(text: string): string;
/**
 * Serializes a document as JSON without anything that a log would interpret.
 * @param {object} document
 */
export function sanitizedJson(document: object): string;
