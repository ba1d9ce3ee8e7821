// Untrusted text, sanitized for display. The rules are documented in `sanitized_text.rs`; a
// property test keeps the two in sync.

/** The longest untrusted text in a message, in characters. */
const MAX_SANITIZED_CHARACTERS = 500;

/** How much of a text is read, in characters; the rest cannot be part of a message. */
const MAX_SCANNED_CHARACTERS = 10_000;

/** Terminal escape sequences (ECMA-48): CSI, strings such as titles and links, all others. */
const ESCAPE_SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /(?:\x1b\[|\x9b)[ -?]*[@-~]?|\x1b[\]PX^_](?:[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c))?|\x1b[ -/]*[0-~]/gu;

/** Invisible characters, or those that change how others are displayed, except joiners. */
const HIDDEN =
  "\\p{Cc}\\p{Cs}\\xad\\u061c\\u180e\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb" +
  "\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}";
const HIDDEN_CHARACTERS = new RegExp(`[${HIDDEN}]`, "gu");

/** An unpaired surrogate. Two of them must not form a pair when the text between them is removed. */
const LONE_SURROGATE = /\p{Cs}/gu;

/** Characters to escape in JSON as well: those, and line separators. */
const UNSAFE_IN_JSON = new RegExp(`(?!\\n)[${HIDDEN}\\u2028\\u2029]`, "gu");

/** What Azure Pipelines and older GitHub runners treat as a command anywhere in a line. */
const COMMANDS = /(##[\w.-]*)\[/gu;

/**
 * Sanitizes untrusted text within a message: one line, at most 500 characters.
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
  if (!isCut && safe.length <= MAX_SANITIZED_CHARACTERS) return safe.join("");
  return `${safe.slice(0, MAX_SANITIZED_CHARACTERS - 1).join("")}…`;
}

/**
 * Sanitizes whole messages of several lines as a last guard, keeping layout and length.
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
 * Serializes a document as JSON without anything that a log would interpret.
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
 * Defuses what GitHub and Azure would run as a command: the runner trims lines, and looks for `::`
 * at the beginning.
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
