// What is printed where.
//
// In: messages of the commands. Out: results on standard output, everything else on standard error.
// Never: anything but one JSON document on standard output with `--json`.

import { styleText } from "node:util";

/** @typedef {Parameters<typeof styleText>[0]} Style */

/**
 * @typedef {object} Printer
 * @property {boolean} isVerbose
 * @property {boolean} hasBar whether a bar may be drawn
 * @property {(text: string) => void} result
 * @property {(document: object) => void} json prints nothing without `--json`
 * @property {(text: string) => void} note
 * @property {(text: string) => void} warning
 * @property {(text: string) => void} error
 * @property {(style: Style, text: string) => string} styled for standard output
 */

/**
 * @typedef {object} Streams
 * @property {Pick<NodeJS.WriteStream, "write" | "isTTY">} stdout
 * @property {Pick<NodeJS.WriteStream, "write" | "isTTY">} stderr
 * @property {Record<string, string | undefined>} env
 */

/**
 * @param {Pick<import("./arguments.js").CliOptions, "quiet" | "verbose" | "json" | "color">} options
 * @param {Streams} streams
 * @returns {Printer}
 */
export function createPrinter({ quiet, verbose, json, color }, { stdout, stderr, env }) {
  const style = (/** @type {Streams["stdout"]} */ stream) => {
    const isColored = color && !env.NO_COLOR && (stream.isTTY || (env.FORCE_COLOR ?? "0") !== "0");
    return (/** @type {Style} */ format, /** @type {string} */ text) =>
      isColored ? styleText(format, text, { validateStream: false }) : text;
  };
  const [onOut, onErr] = [style(stdout), style(stderr)];
  const say = (/** @type {string} */ text) => void stderr.write(`${text}\n`);
  const isTalkative = !quiet && !json;
  return {
    isVerbose: verbose ?? false,
    hasBar: isTalkative && Boolean(stderr.isTTY) && !env.CI,
    result: (text) => isTalkative && void stdout.write(`${text}\n`),
    json: (document) => json && void stdout.write(`${JSON.stringify(document, null, 2)}\n`),
    note: (text) => isTalkative && say(text),
    warning: (text) => say(`${onErr("yellow", "warning:")} ${text}`),
    error: (text) => say(`${onErr("red", "error:")} ${text}`),
    styled: onOut,
  };
}
