// One rule for untrusted text, in Rust and in JavaScript.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sanitizeText } from "../lib/binding.js";
import { sanitize, sanitizedJson, sanitizeLines } from "../lib/sanitized-text.js";

/** Pieces that the rule is about. */
const PIECES = [
  ..."\x00\x07\t\n\r\x1b\x7f\x85\x8d\x9b\x9c\xa0\xad #:[]\\;~@a1_.-m?",
  ..."\u061c\u180e\u200b\u200c\u200d\u200e\u2028\u2029\u202e\u2060\u2066\u206f\ufeff\ufff9\ufffd",
  "\u{e0041}",
  "👩‍💻",
  "\ud800",
  "\udc00",
  "::",
  "##",
  "##[",
  "##vso[",
  "\x1b[31m",
  "\x1b]0;title\x07",
  "\x1b]8;;x\x1b\\",
  "\x1bP",
  "\x1b(B",
  "x".repeat(499),
  " ".repeat(9_999),
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary" })), { maxLength: 40 })
  .map((pieces) => pieces.join(""));

/** Everything that acts on a terminal, a log or a reader. */
const ACTS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u;

describe("sanitized text", () => {
  it("is the same in Rust and JavaScript, and idempotent", () => {
    fc.assert(
      fc.property(text, (given) => {
        const sanitized = sanitize(given);
        expect(sanitizeText(given)).toBe(sanitized);
        expect(sanitize(sanitized)).toBe(sanitized);
      }),
      { numRuns: 3000 },
    );
  });

  it("does not join surrogate halves around removed text", () => {
    const halves = "\ud800\x1b]8;;x\x1b\\\udc00";
    expect(sanitize(halves)).toBe("\ufffd\ufffd");
    expect(sanitizeText(halves)).toBe("\ufffd\ufffd");
    expect(sanitizeLines(halves)).toBe("\ufffd\ufffd");
  });

  it("is one line without control characters or CI commands", () => {
    fc.assert(
      fc.property(text, (given) => {
        const sanitized = sanitize(given);
        expect(sanitized).not.toMatch(ACTS);
        expect(sanitized.trim()).not.toMatch(/^::|##[\w.-]*\[/u);
        expect([...sanitized].length).toBeLessThanOrEqual(500);
      }),
    );
  });

  it("of several lines has no CI commands", () => {
    fc.assert(
      fc.property(text, (given) => {
        const lines = sanitizeLines(given).split("\n");
        for (const line of lines) {
          expect(line).not.toMatch(ACTS);
          expect(line.trim()).not.toMatch(/^::|##[\w.-]*\[/u);
        }
      }),
    );
    expect(sanitizeLines("  a  b\n  ::c\r\n")).toBe("  a  b\n  \\::c\n");
  });

  it("as JSON is the same document with risky characters escaped", () => {
    fc.assert(
      fc.property(text, fc.jsonValue(), (given, value) => {
        const document = { [given]: given, value };
        const json = sanitizedJson(document);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(document)));
        expect(json.replaceAll("\n", "")).not.toMatch(ACTS);
        expect(json).not.toMatch(/##[\w.-]*\[/u);
      }),
    );
    expect(sanitizedJson({ a: "\u202e ##[x]" })).toBe('{\n  "a": "\\u202e ##\\u005bx]"\n}');
  });

  it("handles megabytes quickly", () => {
    for (const piece of ["\x1b]", " ", "##a", "\x1b[1", "😀"]) {
      const started = performance.now();
      sanitize(piece.repeat(5_000_000));
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });
});
