// How far a seeding is.
//
// In: progress events. Out: a bar on a terminal, else a line now and then.
// Never: more than one line in ten seconds, and nothing left of the bar when it is done.

import cliProgress from "cli-progress";
import { counted, size } from "./format.js";

/** The shortest time between two lines. */
const LINE_INTERVAL_MS = 10_000;

/** @typedef {import("../../index.js").SeedProgress} SeedProgress */

/**
 * @typedef {object} ProgressView
 * @property {(progress: SeedProgress) => void} show
 * @property {() => void} end
 */

/**
 * @param {import("./printer.js").Printer} printer
 * @param {NodeJS.WritableStream} stream
 * @param {() => number} [now] in milliseconds
 * @returns {ProgressView}
 */
export function progressView(printer, stream, now = Date.now) {
  return printer.hasBar ? bar(stream) : lines(printer, now);
}

/**
 * @param {NodeJS.WritableStream} stream
 * @returns {ProgressView}
 */
function bar(stream) {
  const format = "Seeding {bar} {value}/{total} pages, {pairs}, {bytes}";
  const shown = new cliProgress.SingleBar(
    { format, stream, clearOnComplete: true, hideCursor: true, barsize: 24, gracefulExit: false },
    cliProgress.Presets.shades_classic,
  );
  let isStarted = false;
  return {
    show({ phase, routes, total, pairs, bytes }) {
      if (phase === "plan") return;
      const payload = { pairs: counted(pairs, "entry", "entries"), bytes: size(bytes) };
      if (isStarted) shown.update(routes, payload);
      else shown.start(total, routes, payload);
      isStarted = true;
    },
    end() {
      if (isStarted) shown.stop();
    },
  };
}

/**
 * @param {import("./printer.js").Printer} printer
 * @param {() => number} now
 * @returns {ProgressView}
 */
function lines(printer, now) {
  let last = now();
  return {
    show({ phase, routes, total, pairs, bytes }) {
      if (phase !== "send" || now() - last < LINE_INTERVAL_MS) return;
      last = now();
      const stored = `${counted(pairs, "entry", "entries")} stored (${size(bytes)})`;
      printer.note(`Seeding: ${routes} of ${counted(total, "page")}, ${stored}`);
    },
    end() {},
  };
}
