// Seeds for `run` and `deploy`, and prints the outcome. They decide on the exit code.

import { optionsFor } from "../options/table.js";
import { seedFromProject } from "../seed-from-project.js";
import { strictError } from "../strict.js";
import { progressView } from "./progress-bar.js";
import { inDoubt, interruptedSummary, notStoredKeys, seedSummary, whyNothing } from "./summary.js";
import { writeStepSummary } from "./step-summary.js";

/**
 * @typedef {object} SeedStep
 * @property {import("../../index.js").ProjectSeedResult} result
 * @property {boolean} isFailed what `--strict` ends with 1
 */

/**
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @param {(result: import("../../index.js").ProjectSeedResult) => boolean} [isExpected] which results
 *   the caller handles, so that they are not printed
 * @returns {Promise<SeedStep>}
 */
export async function seedStep(root, options, printer, interrupt, isExpected = () => false) {
  const view = progressView(printer, process.stderr);
  const seeding = seedFromProject({
    ...seedOptions(root, options),
    signal: interrupt.signal,
    onProgress: view.show,
  });
  const result = await seeding.finally(view.end);
  if (isExpected(result)) return { result, isFailed: true };
  for (const warning of result.warnings) printer.warning(warning);
  const { skipped, failure } = result;
  if (interrupt.received !== undefined && failure !== undefined) {
    printer.error(interruptedSummary(result));
  } else if (failure !== undefined) {
    printer.warning(`seeding failed (${failure.code}): ${failure.message}${inDoubt(result)}`);
    if (printer.isVerbose) for (const line of notStoredKeys(result)) printer.note(line);
  } else if (skipped !== undefined) {
    printer.warning(`nothing is seeded ${whyNothing(result)}`);
  } else {
    printer.result(seedSummary(result, printer.isVerbose));
  }
  const problem = writeStepSummary(process.env.GITHUB_STEP_SUMMARY, result);
  if (problem !== undefined) printer.warning(problem);
  return { result, isFailed: failure !== undefined || strictError(result) !== undefined };
}

/**
 * What the command line says to `seedFromProject`. What `--strict` does, the command decides.
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 */
export function seedOptions(root, options) {
  return { ...optionsFor("seedFromProject", options), ...listed(options), root, strict: false };
}

/**
 * What it says to functions that only read the build.
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 */
export function planOptions(root, options) {
  return { ...optionsFor("planKvSeed", options), ...listed(options), root };
}

/**
 * With `--verbose`, every skipped route is to be printed.
 * @param {import("./arguments.js").CliOptions} options
 */
function listed({ verbose }) {
  return verbose ? { maxListed: Number.MAX_SAFE_INTEGER } : {};
}
