// Prints results on standard output, everything else on standard error.
//
// Invariants: with `--json` standard output gets one JSON document and nothing else. Nothing that is
// printed can control a terminal or the log of a CI service, regardless of its origin. An unwritable
// stream does not affect the run.

import { styleText } from "node:util";
import { sanitizedJson, sanitizeLines } from "../sanitized-text.js";

/** @typedef {Parameters<typeof styleText>[0]} Style */

/**
 * @typedef {object} Printer
 * @property {boolean} isVerbose
 * @property {boolean} hasBar whether a bar may be drawn
 * @property {(text: string, heading?: string) => void} result
 * @property {(document: object) => void} json prints nothing without `--json`
 * @property {(text: string) => void} note
 * @property {(text: string) => void} warning
 * @property {(text: string) => void} error
 */

/** @typedef {Pick<NodeJS.WriteStream, "write" | "isTTY">} Stream */

/**
 * @typedef {object} Streams
 * @property {Stream} stdout
 * @property {Stream} stderr
 * @property {Record<string, string | undefined>} env
 */

/**
 * @param {Pick<import("./arguments.js").CliOptions, "quiet" | "verbose" | "json" | "color">} options
 * @param {Streams} streams
 * @returns {Printer}
 */
export function createPrinter({ quiet, verbose, json, color }, { stdout, stderr, env }) {
  const style = (/** @type {Stream} */ stream) => {
    const isColored = color && !env.NO_COLOR && (stream.isTTY || (env.FORCE_COLOR ?? "0") !== "0");
    return (/** @type {Style} */ format, /** @type {string} */ text) =>
      isColored ? styleText(format, text, { validateStream: false }) : text;
  };
  const [onOut, onErr] = [style(stdout), style(stderr)];
  /**
   * @param {string} text
   * @param {string} [before] ours, with its style
   */
  const say = (text, before = "") => write(stderr, `${before}${sanitizeLines(text)}\n`);
  const isTalkative = !quiet && !json;
  return {
    isVerbose: verbose ?? false,
    hasBar: isTalkative && Boolean(stderr.isTTY) && !env.CI,
    result(text, heading) {
      if (!isTalkative) return;
      if (heading !== undefined) write(stdout, `${onOut("bold", sanitizeLines(heading))}\n`);
      write(stdout, `${sanitizeLines(text)}\n`);
    },
    json(document) {
      if (json) write(stdout, `${sanitizedJson(document)}\n`);
    },
    note: (text) => isTalkative && say(text),
    warning: (text) => say(text, `${onErr("yellow", "warning:")} `),
    error: (text) => say(text, `${onErr("red", "error:")} `),
  };
}

/**
 * @param {Stream} stream
 * @param {string} text
 */
export function write(stream, text) {
  try {
    stream.write(text);
  } catch {
    // The disk is full, or the reader is gone. Later errors go to `ignoreErrors`.
  }
}

/**
 * The reader of the output may have closed it (`| head`), or the disk is full. Neither is a reason to
 * stop in the middle of a deploy.
 * @param {NodeJS.WriteStream[]} streams
 */
export function ignoreErrors(...streams) {
  for (const stream of streams) stream.on("error", () => {});
}
