// `vinext-seed deploy`: build with pre-rendering, seed, deploy.
//
// In: options. Out: the exit code of the step that ended it.
// Never: vinext's own deploy command. It may build or pre-render once more, which makes other keys
// than those that are seeded, or writes entries of its own over ours.

import { findCommand } from "../installed-package.js";
import { PRERENDER_FLAG, buildTakesPrerenderFlag } from "../prerender-hint.js";
import { runCommand } from "./child.js";
import { FAILED, OK, USAGE } from "./exit-codes.js";
import { seedStep } from "./seed-step.js";

/** @typedef {Extract<import("./arguments.js").Invocation, { name: "deploy" }>} DeployInvocation */

/**
 * @param {DeployInvocation} invocation
 * @param {import("./printer.js").Printer} printer
 * @param {import("./interrupt.js").Interrupt} interrupt
 * @returns {Promise<number>}
 */
export async function deployProject(invocation, printer, interrupt) {
  const { root, options, seedCache, deployArgs } = invocation;
  const { env, config } = options;
  /**
   * Ends before the deploy.
   * @param {number} exitCode
   * @param {string} code
   * @param {string} message
   * @param {import("../../index.js").ProjectSeedResult} [seed]
   */
  const end = (exitCode, code, message, seed) => {
    printer.error(message);
    printer.json({ seed: seed ?? null, failure: { code, message } });
    return exitCode;
  };
  const build = await buildCommand(root, interrupt.signal);
  const wrangler = await findCommand(root, "wrangler", interrupt.signal);
  if (build === undefined || wrangler === undefined) {
    const missing = build === undefined ? "vite" : "wrangler";
    const message = `${missing} is not installed in ${root}; add it to its devDependencies`;
    return end(USAGE, "TOOL_MISSING", message);
  }
  // Both the build and wrangler take the environment from here; the build has no flag for it.
  // Where the Vite configuration has `withSeed`, that leaves the seeding to this command.
  /** @type {Record<string, string>} */
  const variables = { VINEXT_SEED: "0", ...(env === undefined ? {} : { CLOUDFLARE_ENV: env }) };
  const child = { root, variables, isQuiet: options.json ?? false, interrupt };

  printer.note(`Building: ${build.title}`);
  const built = await runCommand(build.script, build.args, child);
  if (interrupt.received !== undefined) {
    const message = "interrupted while building: nothing is seeded, nothing is deployed";
    return end(OK, "ABORT_ERR", message);
  }
  if (built !== OK) {
    const message = `${build.title} ended with ${built}: nothing is seeded, nothing is deployed`;
    return end(built, "BUILD_FAILED", message);
  }

  const seeding = seedCache ? await seedStep(root, options, printer, interrupt) : undefined;
  if (interrupt.received !== undefined) {
    return end(
      OK,
      "ABORT_ERR",
      "interrupted before the deploy: nothing is deployed",
      seeding?.result,
    );
  }
  if (seeding?.isFailed && options.strict) {
    const { result } = seeding;
    const code = result.failure?.code ?? "SEEDING_SKIPPED";
    return end(FAILED, code, "not deployed, because of --strict", result);
  }

  const args = ["deploy", ...flag("--env", env), ...flag("--config", config), ...deployArgs];
  printer.note(`Deploying: wrangler ${args.join(" ")}`);
  const deployed = await runCommand(wrangler, args, child);
  if (interrupt.received !== undefined) {
    printer.error("interrupted while deploying: what wrangler said last tells how far it came");
  }
  printer.json({ seed: seeding?.result ?? null, deployExitCode: deployed });
  return deployed;
}

/**
 * The public command of the installed vinext that builds and pre-renders.
 * @param {string} root
 * @param {AbortSignal} signal
 */
async function buildCommand(root, signal) {
  if (await buildTakesPrerenderFlag(root, signal)) {
    const script = /** @type {string} */ (await findCommand(root, "vinext", signal));
    const args = ["build", PRERENDER_FLAG];
    return { script, args, title: `vinext ${args.join(" ")}` };
  }
  const script = await findCommand(root, "vite", signal);
  return script === undefined ? undefined : { script, args: ["build"], title: "vite build" };
}

/**
 * @param {string} name
 * @param {string | undefined} value
 */
function flag(name, value) {
  return value === undefined ? [] : [name, value];
}
