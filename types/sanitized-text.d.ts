/**
 * For text of others within a message: one line, at most 500 characters.
 * @param {unknown} text
 */
export function sanitize(text: unknown): string;
/**
 * For whole messages of several lines, as a last guard: their layout and length stay.
 * @param {string} text
 */
export function sanitizeLines(text: string): string;
/**
 * A document as JSON that nothing in a log acts upon.
 * @param {object} document
 */
export function sanitizedJson(document: object): string;
