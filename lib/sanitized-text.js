// Untrusted text, sanitized for display. The rule is that of `sanitized_text.rs`, where it is written
// down; a property test holds the two together.

/** The longest foreign text in a message, in characters. */
const MAX_FOREIGN_CHARACTERS = 500;

/** How much of a text is read, in characters; the rest cannot be part of a message. */
const MAX_SCANNED_CHARACTERS = 10_000;

/** Terminal escape sequences (ECMA-48): CSI, strings such as titles and links, all others. */
const ESCAPE_SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /(?:\x1b\[|\x9b)[ -?]*[@-~]?|\x1b[\]PX^_](?:[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c))?|\x1b[ -/]*[0-~]/gu;

/** Characters that show nothing, or change how others are shown; joiners excepted. */
const HIDDEN =
  "\\p{Cc}\\p{Cs}\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb" +
  "\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}";
const HIDDEN_CHARACTERS = new RegExp(`[${HIDDEN}]`, "gu");

/** Half a pair. Two of them must not become one when what is between them is removed. */
const LONE_SURROGATE = /\p{Cs}/gu;

/** Characters that JSON is to escape besides: those, and separators of lines. */
const UNSAFE_IN_JSON = new RegExp(`(?!\\n)[${HIDDEN}\\u2028\\u2029]`, "gu");

/** What Azure Pipelines and older GitHub runners take for a command, anywhere in a line. */
const COMMANDS = /(##[\w.-]*)\[/gu;

/**
 * For text of others within a message: one line, at most 500 characters.
 * @param {unknown} text
 */
export function sanitize(text) {
  const { start, isCut } = beginning(String(text));
  const line = start
    .replaceAll(LONE_SURROGATE, "\uFFFD")
    .replaceAll(ESCAPE_SEQUENCES, "")
    .replaceAll(/\p{White_Space}+/gu, " ")
    .replace(/^ /u, "")
    .replace(/ $/u, "")
    .replaceAll(HIDDEN_CHARACTERS, "\uFFFD");
  const safe = Array.from(defused(line));
  if (!isCut && safe.length <= MAX_FOREIGN_CHARACTERS) return safe.join("");
  return `${safe.slice(0, MAX_FOREIGN_CHARACTERS - 1).join("")}…`;
}

/**
 * For whole messages of several lines, as a last guard: their layout and length stay.
 * @param {string} text
 */
export function sanitizeLines(text) {
  return text
    .replaceAll(LONE_SURROGATE, "\uFFFD")
    .replaceAll(ESCAPE_SEQUENCES, "")
    .split(/\r?\n/u)
    .map((line) =>
      defused(line.replaceAll(/[\u2028\u2029]/gu, " ").replaceAll(HIDDEN_CHARACTERS, "\uFFFD")),
    )
    .join("\n");
}

/**
 * A document as JSON that nothing in a log acts upon.
 * @param {object} document
 */
export function sanitizedJson(document) {
  return JSON.stringify(document, null, 2)
    .replaceAll(UNSAFE_IN_JSON, (character) => [...units(character)].join(""))
    .replaceAll(COMMANDS, "$1\\u005b");
}

/** @param {string} character */
function* units(character) {
  for (let index = 0; index < character.length; index += 1) {
    yield `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
}

/**
 * What GitHub and Azure would run as a command, as text: the runner trims lines, and takes `::` at the
 * beginning.
 * @param {string} line
 */
function defused(line) {
  return line.replace(/^(\p{White_Space}*)::/u, "$1\\::").replaceAll(COMMANDS, "$1\\[");
}

/** @param {string} text */
function beginning(text) {
  // Characters take at most two units, so that no more of a long text is split.
  const few = Array.from(text.slice(0, 2 * MAX_SCANNED_CHARACTERS));
  const isCut = few.length > MAX_SCANNED_CHARACTERS || text.length > 2 * MAX_SCANNED_CHARACTERS;
  return { start: isCut ? few.slice(0, MAX_SCANNED_CHARACTERS).join("") : text, isCut };
}
