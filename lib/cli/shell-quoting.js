// Quotes words of a command line that people paste into a shell.

import { sanitizeLines } from "../sanitized-text.js";

/** Characters that mean nothing to any shell. */
const PLAIN = { posix: /^[\w@%+=:,./-]+$/u, windows: /^[\w:./\\-]+$/u };

/** Characters that cmd.exe or PowerShell expand between double quotes, or that end them. */
const EXPANDED_ON_WINDOWS = /["%$`]/u;

/**
 * @param {string} word
 * @param {NodeJS.Platform} [platform]
 * @returns {string | undefined} nothing if no quoting is safe: it has characters that act when they are
 *   printed or pasted, or on Windows some that are expanded everywhere
 */
export function quoted(word, platform = process.platform) {
  // These characters would be escaped when printed.
  if (sanitizeLines(word) !== word || word.includes("\n") || word.startsWith("-")) return undefined;
  if (platform === "win32") {
    if (EXPANDED_ON_WINDOWS.test(word)) return undefined;
    return PLAIN.windows.test(word) ? word : `"${word}"`;
  }
  return PLAIN.posix.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
