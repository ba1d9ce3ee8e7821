// Parses the command line. Each command is a module in this directory.

import { statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Command } from "commander";
import { readStore } from "../store.js";
import { addCommonFlags, addFlagsOf, byOptionName, some } from "./flags.js";

/**
 * Options of every command, as they come from the command line, by the names of index.d.ts.
 * @typedef {Omit<import("../../index.js").ProjectSeedOptions, "store"> & CommandOptions} CliOptions
 */

/**
 * Options that only the command has.
 * @typedef {object} CommandOptions
 * @property {string} [store] `--to`
 * @property {boolean} [quiet]
 * @property {boolean} [verbose]
 * @property {boolean} [json]
 * @property {boolean} color
 */

/**
 * @typedef {{ name: "run" | "plan", root: string, options: CliOptions }
 *   | { name: "export", root: string, directory: string, options: CliOptions }
 *   | { name: "prune", root: string, choice: import("./prune.js").PruneChoice, options: CliOptions }
 *   | { name: "verify", root: string, choice: import("./verify.js").VerifyChoice, options: CliOptions }
 *   | { name: "deploy", root: string, seedCache: boolean, deployArgs: string[],
 *       verify?: import("./verify.js").VerifyChoice, options: CliOptions }} Invocation
 */

const { version } = createRequire(import.meta.url)("../../package.json");

const EXAMPLES = `
Examples:
  $ vinext-seed plan                    what would be written, and what it costs
  $ vinext-seed                         seed the pages from the last build
  $ vinext-seed deploy                  build, seed, deploy
  $ vinext-seed deploy --env staging -- --dry-run
  $ vinext-seed --to redis://localhost  seed a Redis or Valkey server
  $ vinext-seed --local                 seed the KV of wrangler dev and vite preview
  $ vinext-seed export kv-seed          the entries as files for wrangler kv bulk put
  $ vinext-seed verify --url https://example.com
  $ vinext-seed prune --dry-run         which builds could be deleted

Exit codes:
  0    success, or skipped or failed with a warning
  1    plan or export failed; with --strict: skipped or failed
  2    the command line is invalid
  130  interrupted by Ctrl-C
  deploy passes on the exit code of the build or of wrangler deploy

The API token is taken from CLOUDFLARE_API_TOKEN, else from wrangler login.`;

/**
 * Parses a command line and passes it to `run`. Invalid use prints a message and throws commander's error.
 * @param {string[]} args
 * @param {(invocation: Invocation) => Promise<number>} run
 * @param {{ out: (text: string) => void, err: (text: string) => void }} output
 * @returns {Promise<number>} the exit code
 */
export async function dispatch(args, run, output) {
  // Arguments after `--` belong to the deploy.
  const end = args.indexOf("--");
  const [own, deployArgs] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  let exitCode = 0;
  const invoke = async (/** @type {Invocation} */ invocation) => {
    if (deployArgs.length > 0 && invocation.name !== "deploy") {
      program.error(`error: only deploy takes arguments after --, not ${invocation.name}`);
    }
    exitCode = await run(invocation);
  };
  const program = commandLine(invoke, deployArgs);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.err });
    command.showHelpAfterError("(see vinext-seed --help)");
  }
  await program.parseAsync(own, { from: "user" });
  return exitCode;
}

/**
 * @param {(invocation: Invocation) => Promise<void>} invoke
 * @param {string[]} deployArgs
 */
function commandLine(invoke, deployArgs) {
  const program = new Command("vinext-seed")
    .description("Puts the pages that a vinext build has pre-rendered into Workers KV.")
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", EXAMPLES);

  addCommonFlags(program);
  program.optionsGroup("Else:");
  const options = () => byOptionName(program.opts());

  /** @param {string} name */
  const command = (name, isDefault = false) => program.command(name, { isDefault });
  /** @param {Command} of */
  const withRoot = (of) => of.argument("[root]", "the project's directory", ".");
  const project = (/** @type {string} */ directory) => {
    const root = path.resolve(directory);
    const problem = problemOf(root);
    return problem === undefined ? root : program.error(`error: ${problem}`);
  };
  const rejectLocal = (/** @type {string} */ name) => {
    if (options().local) program.error(`error: ${name} does not take --local`);
  };
  const rejectStore = (/** @type {string} */ name) => {
    if (options().store !== undefined) program.error(`error: ${name} does not take --to`);
  };
  program.hook("preAction", () => {
    const { local, persistTo, runtime } = options();
    if (runtime?.cloudflare !== undefined && runtime.vinext === undefined) {
      program.error("error: --adapter-version requires --vinext-version");
    }
    // Ignoring it would fill the deployed namespace instead of the one on this machine.
    if (persistTo !== undefined && !local) program.error("error: --persist-to requires --local");
    checkStore(options(), program);
  });

  const run = withRoot(command("run", true))
    .description("seed the pages from the last build (default)")
    .action((root) =>
      invoke({ name: "run", root: project(root), options: { ...options(), ...own(run) } }),
    );
  addFlagsOf(run, "run");
  withRoot(command("plan"))
    .description("print writes, bytes, cost and skipped routes; send nothing")
    .action((root) => invoke({ name: "plan", root: project(root), options: options() }));
  withRoot(
    command("export").argument(
      "<dir>",
      "output directory (must be empty; created if missing)",
      some,
    ),
  )
    .description("write the entries to files for wrangler kv bulk put")
    .action((directory, root) => {
      rejectLocal("export");
      rejectStore("export");
      return invoke({ name: "export", directory, root: project(root), options: options() });
    });
  const verify = withRoot(command("verify"))
    .description("compare what is stored, and what the site serves, with the build")
    .action((root) => {
      rejectLocal("verify");
      const choice = own(verify);
      return invoke({ name: "verify", root: project(root), choice, options: options() });
    });
  addFlagsOf(verify, "verify");
  const prune = withRoot(command("prune"))
    .description("delete the entries of builds that are no longer live")
    .action((root) => {
      rejectLocal("prune");
      const choice = own(prune);
      return invoke({ name: "prune", root: project(root), choice, options: options() });
    });
  addFlagsOf(prune, "prune");
  const deploy = withRoot(command("deploy"))
    .description("build with pre-rendering, seed, deploy; arguments after -- go to wrangler deploy")
    .usage("[options] [root] [-- arguments of wrangler deploy]")
    .action((root) => {
      rejectLocal("deploy");
      const { seedCache, verify: isVerified, ...choice } = own(deploy);
      if (!isVerified && Object.keys(choice).length > 0) {
        program.error("error: --url and --sample require --verify");
      }
      const given = { root: project(root), options: options(), seedCache, deployArgs };
      return invoke({ name: "deploy", ...given, verify: isVerified ? choice : undefined });
    });
  addFlagsOf(deploy, "deploy");
  return program;
}

/**
 * The options of one command.
 * @param {Command} command
 * @returns {any}
 */
function own(command) {
  return byOptionName(command.opts());
}

/** Options that select a KV namespace, and do not apply to other stores. */
const OF_KV = /** @type {const} */ ({
  local: "--local",
  binding: "--binding",
  namespaceId: "--namespace-id",
  accountId: "--account-id",
  compress: "--compress",
});

/**
 * @param {CliOptions} options
 * @param {Command} program
 */
function checkStore(options, program) {
  if (options.store === undefined) return;
  for (const [name, flag] of Object.entries(OF_KV)) {
    if (options[/** @type {keyof typeof OF_KV} */ (name)] !== undefined) {
      program.error(`error: ${flag} applies to Workers KV only and cannot be combined with --to`);
    }
  }
  try {
    readStore(options.store, ".");
  } catch (error) {
    program.error(`error: --to: ${/** @type {Error} */ (error).message}`);
  }
}

/**
 * Why a directory is not a project.
 * @param {string} root
 */
function problemOf(root) {
  try {
    if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
      return `there is no directory ${root}`;
    }
    // `stat` works on a directory that cannot be read.
    if (statSync(path.join(root, "package.json"), { throwIfNoEntry: false })) return undefined;
    return `there is no package.json in ${root}; name the project's directory`;
  } catch (error) {
    return `cannot read ${root}: ${/** @type {Error} */ (error).message}`;
  }
}
