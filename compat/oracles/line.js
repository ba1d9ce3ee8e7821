// Encodes a JSON value as one line of ASCII, because Node's readline also splits at U+2028.

/** @param {unknown} value */
export function toLine(value) {
  const json = JSON.stringify(value);
  const ascii = json.replaceAll(
    /[\u007f-\uffff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  // Astral characters are two escapes, as in JSON.
  const escaped = ascii.replaceAll(/[\u{10000}-\u{10ffff}]/gu, (character) =>
    [0, 1].map((unit) => `\\u${character.charCodeAt(unit).toString(16)}`).join(""),
  );
  return `${escaped}\n`;
}
