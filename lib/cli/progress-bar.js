// Shows progress: on a terminal a bar, which is removed at the end, else a line every ten seconds.
// Routes that are skipped count as done, so it counts routes, not pages.

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
  const format = "Seeding {bar} {value}/{total} routes, {stored}";
  const shown = new cliProgress.SingleBar(
    { format, stream, clearOnComplete: true, hideCursor: true, barsize: 24, gracefulExit: false },
    cliProgress.Presets.shades_classic,
  );
  let isStarted = false;
  return {
    show({ phase, routes, total, pairs, bytes }) {
      if (phase === "plan") return;
      const payload = { stored: stored(pairs, bytes) };
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
      printer.note(`Seeding: ${routes} of ${counted(total, "route")}, ${stored(pairs, bytes)}`);
    },
    end() {},
  };
}

/**
 * @param {number} pairs
 * @param {number} bytes
 */
function stored(pairs, bytes) {
  if (pairs === 0) return "sending";
  return `${counted(pairs, "entry", "entries")} stored (${size(bytes)})`;
}
