// `vinext-seed deploy`: builds with pre-rendering, seeds, deploys. If the first deploy creates the
// KV namespace, it seeds right after the deploy.
//
// Invariants: vinext's own deploy command is not run. It may build or pre-render again, which
// changes the keys, or overwrite the seeded entries with its own.

import { setTimeout as sleep } from "node:timers/promises";
import { strictError } from "../strict.js";
import { runCommand } from "./child.js";
import { readDeployArguments } from "./deploy-arguments.js";
import { canDeploy, findBuild, findDeploy } from "./deploy-tools.js";
import { FAILED, OK, USAGE } from "./exit-codes.js";
import { planStep } from "./plan.js";
import { storeOfSite } from "../store-of-project.js";
import { seedOptions, seedStep } from "./seed-step.js";
import { verifyStep } from "./verify.js";

/** @typedef {Extract<import("./arguments.js").Invocation, { name: "deploy" }>} DeployInvocation */
/** @typedef {import("./arguments.js").CliOptions} CliOptions */
/** @typedef {import("./seed-step.js").SeedStep} SeedStep */
/** @typedef {Omit<import("./deploy-arguments.js").DeployArguments, "dryRun">} Passed */

/** Delays between lookups of a namespace that a deploy has just created. */
const LOOKUPS = 5;
const LOOKUP_PAUSE_MS = 1_000;

/** Options that select the target of both wrangler and seeding. */
const SHARED = /** @type {const} */ ({
  env: "--env",
  config: "--config",
  workerName: "--name",
  dispatchNamespace: "--dispatch-namespace",
  profile: "--profile",
});

const NAMES = /** @type {(keyof typeof SHARED)[]} */ (Object.keys(SHARED));

/**
 * @param {DeployInvocation} invocation
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @returns {Promise<number>}
 */
export async function deployProject(invocation, printer, interrupt) {
  const { root, seedCache, deployArgs, verify } = invocation;
  /**
   * Ends before the deploy.
   * @param {number} exitCode
   * @param {string} code
   * @param {string} message
   * @param {object} [step] the result of the step before, if any
   */
  const end = (exitCode, code, message, step = { seed: null }) => {
    printer.error(message);
    printer.json({ ...step, failure: { code, message } });
    return exitCode;
  };
  const read = readDeployArguments(deployArgs, root);
  if ("problem" in read) return end(USAGE, "DEPLOY_ARGUMENT_REFUSED", read.problem);
  const { dryRun, ...passed } = read;
  const conflict = conflictOf(invocation.options, passed);
  if (conflict !== undefined) return end(USAGE, "DEPLOY_ARGUMENT_REFUSED", conflict);
  const options = { ...invocation.options, ...passed };

  const build = await findBuild(root, interrupt.signal, options);
  if (build === undefined) return end(USAGE, "TOOL_MISSING", missing("vite", root));
  if (!(await canDeploy(root, interrupt.signal)))
    return end(USAGE, "TOOL_MISSING", missing("wrangler", root));
  const { env } = options;
  // Both the build and wrangler take the environment from here; the build has no flag for it.
  // If the Vite configuration has `withSeed`, it leaves seeding to this command.
  /** @type {Record<string, string>} */
  const variables = { VINEXT_SEED: "0", ...(env === undefined ? {} : { CLOUDFLARE_ENV: env }) };
  const child = { root, variables, isQuiet: options.json ?? false, interrupt };

  printer.note(`Building: ${build.title}`);
  const built = await runCommand(build.script, build.args, child);
  if (interrupt.received !== undefined) {
    return end(OK, "ABORT_ERR", "interrupted while building: nothing was seeded or deployed");
  }
  if (built !== OK) {
    const message = `${build.title} exited with ${built}: nothing was seeded or deployed`;
    return end(built, "BUILD_FAILED", message);
  }
  // Only now is the layout of the build known.
  const flags = [...sharedFlags(invocation.options, passed), ...deployArgs];
  const deploy = await findDeploy(root, flags, interrupt.signal);
  if ("problem" in deploy) return end(USAGE, "TOOL_MISSING", deploy.problem);

  if (dryRun) {
    const plan = seedCache ? await planStep(root, options, printer, interrupt.signal) : undefined;
    if (plan !== undefined && plan.exitCode !== OK) {
      return end(plan.exitCode, "SEEDING_SKIPPED", "not deployed, because of --strict", {
        plan: plan.document,
      });
    }
    printer.note(`Deploying: ${deploy.title}`);
    const code = await runCommand(deploy.script, deploy.args, child);
    printer.json({ plan: plan?.document ?? null, deployExitCode: code });
    return code;
  }

  let seeding = seedCache
    ? await seedStep(root, options, printer, interrupt, isFirstDeploy)
    : undefined;
  if (interrupt.received !== undefined) {
    const message = "interrupted before the deploy: nothing was deployed";
    return end(OK, "ABORT_ERR", message, { seed: seeding?.result ?? null });
  }
  const isFirst = seeding !== undefined && isFirstDeploy(seeding.result);
  if (isFirst) printer.note("The first deploy creates the KV namespace, so seeding follows it");
  if (seeding?.isFailed && options.strict && !isFirst) {
    const { result } = seeding;
    const code = result.failure?.code ?? strictError(result)?.code ?? "SEEDING_SKIPPED";
    return end(FAILED, code, "not deployed, because of --strict", { seed: result });
  }

  printer.note(`Deploying: ${deploy.title}`);
  const deployed = await runCommand(deploy.script, deploy.args, child);
  if (interrupt.received !== undefined) {
    printer.error("interrupted while deploying: the deploy's last lines show how far it got");
  } else if (isFirst && deployed === OK) {
    printer.note(
      "Seeding the namespace that this first deploy has created; visitors get a MISS until it is done",
    );
    seeding = await seedNewNamespace(root, options, printer, interrupt);
  }
  const verified =
    verify !== undefined && deployed === OK && interrupt.received === undefined
      ? await verifySeeded(root, verify, options, printer, interrupt)
      : undefined;
  printer.json({
    seed: seeding?.result ?? null,
    deployExitCode: deployed,
    ...(verify === undefined ? {} : { verify: verified?.result ?? null }),
  });
  const isStrictFailure = isFirst && deployed === OK && seeding?.isFailed && options.strict;
  return isStrictFailure ? FAILED : (verified?.exitCode ?? deployed);
}

/**
 * Seeds a namespace that was just created, which may not be visible everywhere at Cloudflare yet.
 * @param {string} root
 * @param {CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @returns {Promise<SeedStep>}
 */
async function seedNewNamespace(root, options, printer, interrupt) {
  for (let lookup = 1; ; lookup += 1) {
    const expected = lookup < LOOKUPS ? isFirstDeploy : undefined;
    const seeding = await seedStep(root, options, printer, interrupt, expected);
    if (!expected?.(seeding.result) || interrupt.received !== undefined) return seeding;
    await sleep(LOOKUP_PAUSE_MS, undefined, { signal: interrupt.signal }).catch(() => {});
  }
}

/**
 * Verifies the store that was seeded, which without `--to` is the one that the built site reads.
 * @param {string} root
 * @param {import("./verify.js").VerifyChoice} choice
 * @param {CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 */
async function verifySeeded(root, choice, options, printer, interrupt) {
  const { site } =
    options.store === undefined
      ? await storeOfSite({ ...seedOptions(root, options), signal: interrupt.signal })
      : {};
  // If the store is unknown, nothing was seeded, and only the site can be asked.
  if (site === undefined || site.skip !== undefined) {
    return verifyStep(root, choice, options, printer, interrupt);
  }
  const { store, ttlSeconds } = site;
  // The option takes objects too; only the flag is text.
  const named = /** @type {any} */ ({ ttlSeconds, ...options, store });
  return verifyStep(root, choice, named, printer, interrupt);
}

/** @param {import("../../index.js").ProjectSeedResult} result */
function isFirstDeploy({ skippedCode }) {
  return skippedCode === "deploy-first";
}

/**
 * @param {CliOptions} options
 * @param {Passed} passed
 */
function conflictOf(options, passed) {
  for (const name of NAMES) {
    const [own, theirs] = [options[name], passed[name]];
    if (own !== undefined && theirs !== undefined && own !== theirs) {
      return `${SHARED[name]} is "${own}" before -- and "${theirs}" after it; pass it only once`;
    }
  }
  return undefined;
}

/**
 * Options that the deploy needs too, unless they are already passed.
 * @param {CliOptions} options
 * @param {Passed} passed
 */
function sharedFlags(options, passed) {
  const flags = NAMES.flatMap((name) => {
    const value = passed[name] === undefined ? options[name] : undefined;
    return value === undefined ? [] : [SHARED[name], value];
  });
  const envFiles = passed.envFiles === undefined ? (options.envFiles ?? []) : [];
  return [...flags, ...envFiles.flatMap((file) => ["--env-file", file])];
}

/**
 * @param {string} name
 * @param {string} root
 */
function missing(name, root) {
  return `${name} is not installed in ${root}; add it to its devDependencies`;
}
