// Plans or seeds what a build in this process has just pre-rendered, and prints the outcome.

import { setTimeout as sleep } from "node:timers/promises";
import { counted, rows, size } from "../cli/format.js";
import { createPrinter } from "../cli/printer.js";
import { progressView } from "../cli/progress-bar.js";
import { writeStepSummary } from "../cli/step-summary.js";
import { inDoubt, seedSummary, skippedRows, whyNothing } from "../cli/summary.js";
import { sanitize } from "../sanitized-text.js";
import { seedFromProject } from "../seed-from-project.js";
import { strictError } from "../strict.js";
import { planKvSeed } from "../seed-kv-cache.js";
import { readStore } from "../store.js";
import { unclearWish } from "./deploy-under-way.js";

/** Delays between lookups of a namespace that a deploy has just created. */
const LOOKUPS = 5;
const LOOKUP_PAUSE_MS = 1_000;

/**
 * The Worker has just been built, in an unknown mode, so its own options are used.
 * @type {{ viteConfig: false }}
 */
const OF_THE_WORKER = { viteConfig: false };

/** @typedef {import("./vite.js").WithSeedOptions} WithSeedOptions */
/** @typedef {import("../../index.js").ProjectSeedResult} ProjectSeedResult */
/** @typedef {import("./deploy-under-way.js").DeployUnderWay} DeployUnderWay */
/** @typedef {Extract<DeployUnderWay, { kind: "deploy" }>} Deploy */

/**
 * @param {string} root
 * @param {WithSeedOptions} options
 * @param {Exclude<DeployUnderWay, { kind: "off" }>} deploy
 * @throws with `strict`, if seeding fails or is skipped
 */
export async function seedAfterPrerender(root, options, deploy) {
  const printer = createPrinter({ color: true }, process);
  const unclear = unclearWish();
  if (unclear !== undefined) {
    printer.warning(`VINEXT_SEED is neither 1 nor 0 and is ignored: ${sanitize(unclear)}`);
  }
  if (deploy.kind === "build") return printPlan(root, options, printer);
  const result = await seed(root, options, deploy, printer);
  if (result.skippedCode === "deploy-first" && deploy.isCommand) {
    printer.note(
      "Workers KV: the pages are seeded once the first deploy has created the namespace",
    );
    process.once("beforeExit", () => void seedAfterDeploy(root, options, deploy));
    return;
  }
  printOutcome(result, printer);
  if (options.strict) throwIfNotSeeded(result);
}

/**
 * @param {string} root
 * @param {WithSeedOptions} options
 * @param {import("../cli/printer.js").Printer} printer
 */
async function printPlan(root, options, printer) {
  const plan = await planKvSeed({ ...OF_THE_WORKER, ...options, root });
  for (const warning of plan.warnings) printer.warning(warning);
  if (plan.skipped !== undefined) {
    printer.warning(`nothing would be seeded ${whyNothing(plan)}`);
    return;
  }
  const what = `${counted(plan.routes, "page")}, ${counted(plan.kvPairs, "entry", "entries")}`;
  const where = plannedPlace(root, options.store);
  printer.result(`${where}: a deploy would seed ${what} (${size(plan.bytes)}); nothing was sent`);
  const skipped = skippedRows(plan.skippedReasons);
  if (skipped.length > 0) printer.result(rows(skipped));
}

/**
 * @param {string} root
 * @param {WithSeedOptions["store"]} store
 */
function plannedPlace(root, store) {
  return store === undefined ? "Workers KV" : sanitize(readStore(store, root).shown);
}

/**
 * @param {string} root
 * @param {WithSeedOptions} options
 * @param {Deploy} deploy
 * @param {import("../cli/printer.js").Printer} printer
 */
function seed(root, options, deploy, printer) {
  const view = progressView(printer, process.stderr);
  const { env = options.env, config = options.config, workerName = options.workerName } = deploy;
  const place = { root, env, config, workerName };
  const all = { ...OF_THE_WORKER, ...options, ...place, strict: false, onProgress: view.show };
  return seedFromProject(all).finally(view.end);
}

/**
 * Seeds after the deploy, if it was not possible before.
 * @param {string} root
 * @param {WithSeedOptions} options
 * @param {Deploy} deploy
 */
export async function seedAfterDeploy(root, options, deploy) {
  if (process.exitCode) return;
  const printer = createPrinter({ color: true }, process);
  let result = await seed(root, options, deploy, printer);
  // A namespace that was just created may not be visible everywhere at Cloudflare.
  for (let lookup = 1; result.skippedCode === "deploy-first" && lookup < LOOKUPS; lookup += 1) {
    await sleep(LOOKUP_PAUSE_MS);
    result = await seed(root, options, deploy, printer);
  }
  printOutcome(result, printer);
  if (!options.strict) return;
  try {
    throwIfNotSeeded(result);
  } catch (error) {
    printer.error(/** @type {Error} */ (error).message);
    process.exitCode = 1;
  }
}

/**
 * @param {ProjectSeedResult} result
 * @param {import("../cli/printer.js").Printer} printer
 */
function printOutcome(result, printer) {
  const { failure, skipped, warnings } = result;
  for (const warning of warnings) printer.warning(warning);
  if (failure !== undefined) {
    printer.warning(`seeding failed (${failure.code}): ${failure.message}${inDoubt(result)}`);
  } else if (skipped !== undefined) {
    printer.warning(`nothing is seeded ${whyNothing(result)}`);
  } else {
    printer.result(seedSummary(result, false));
  }
  const problem = writeStepSummary(process.env.GITHUB_STEP_SUMMARY, result);
  if (problem !== undefined) printer.warning(problem);
}

/** @param {ProjectSeedResult} result */
function throwIfNotSeeded(result) {
  const { failure } = result;
  if (failure !== undefined) {
    throw Object.assign(new Error(`seeding failed: ${failure.message}`), {
      code: failure.code,
    });
  }
  const problem = strictError(result);
  if (problem !== undefined) {
    const what = result.skipped === undefined ? "" : `nothing is seeded (${result.skippedCode}): `;
    throw Object.assign(new Error(what + problem.message), { code: problem.code });
  }
}
