// `vinext-seed`: runs a command line and returns its exit code. It never calls `process.exit`, which
// could cut off what is still to be printed.

import { CommanderError } from "commander";
import { sanitizeLines } from "../sanitized-text.js";
import { dispatch } from "./arguments.js";
import { deployProject } from "./deploy.js";
import { FAILED, OK, USAGE, exitCodeOf } from "./exit-codes.js";
import { exportProject } from "./export.js";
import { listenForInterrupt } from "./interrupt.js";
import { planProject } from "./plan.js";
import { createPrinter, ignoreErrors, write } from "./printer.js";
import { pruneProject } from "./prune.js";
import { seedStep } from "./seed-step.js";
import { verifyStep } from "./verify.js";

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function main(args) {
  ignoreErrors(process.stdout, process.stderr);
  const output = {
    out: (/** @type {string} */ text) => write(process.stdout, sanitizeLines(text)),
    err: (/** @type {string} */ text) => write(process.stderr, sanitizeLines(text)),
  };
  try {
    return await dispatch(args, run, output);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? OK : USAGE;
  }
}

/**
 * @param {import("./arguments.js").Invocation} invocation
 * @returns {Promise<number>}
 */
async function run(invocation) {
  const { options } = invocation;
  const printer = createPrinter(options, process);
  const interrupt = listenForInterrupt();
  try {
    const exitCode = await perform(invocation, printer, interrupt);
    return interrupt.received === undefined ? exitCode : exitCodeOf(interrupt.received);
  } catch (error) {
    // Errors of this package have a code; anything else is a bug, and its stack matters.
    const { code, message, stack } = /** @type {any} */ (error);
    printer.json({ failure: { code: code ?? "INTERNAL_ERROR", message } });
    if (interrupt.received !== undefined) {
      printer.error("interrupted");
      return exitCodeOf(interrupt.received);
    }
    printer.error(code === undefined ? stack : `${message} (${code})`);
    return FAILED;
  } finally {
    interrupt.ignore();
  }
}

/**
 * @param {import("./arguments.js").Invocation} invocation
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @returns {Promise<number>}
 */
async function perform(invocation, printer, interrupt) {
  const { root, options } = invocation;
  switch (invocation.name) {
    case "plan":
      return planProject(root, options, printer, interrupt.signal);
    case "export":
      return exportProject(root, invocation.directory, options, printer, interrupt.signal);
    case "prune":
      return pruneProject(root, invocation.choice, options, printer, interrupt);
    case "verify": {
      const { choice } = invocation;
      const { result, exitCode } = await verifyStep(root, choice, options, printer, interrupt);
      printer.json(result);
      return exitCode;
    }
    case "deploy":
      return deployProject(invocation, printer, interrupt);
    case "run": {
      const { result, isFailed } = await seedStep(root, options, printer, interrupt);
      printer.json(result);
      return isFailed && options.strict ? FAILED : OK;
    }
  }
}
