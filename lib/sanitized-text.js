// Text that somebody else wrote, fit to stand in a message.
//
// In: any text. Out: at most 500 characters on one line, without control characters.
// Never: a terminal's escape sequence.

import { stripVTControlCharacters } from "node:util";

/** The most of somebody else's text in a message, as everywhere in this package. */
const MAX_FOREIGN_CHARACTERS = 500;

/** @param {unknown} text */
export function sanitize(text) {
  const line = stripVTControlCharacters(String(text))
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (line.length <= MAX_FOREIGN_CHARACTERS) return line;
  return `${line.slice(0, MAX_FOREIGN_CHARACTERS - 1)}…`;
}
