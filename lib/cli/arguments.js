// Reads the command line. What the commands do is in the modules beside this one.

import { statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { readStore } from "../store.js";

/**
 * Options of every command, as they come from the command line.
 * @typedef {object} CliOptions
 * @property {string} [env]
 * @property {string} [config]
 * @property {string} [to] a store that is not Workers KV
 * @property {string} [binding]
 * @property {string} [namespaceId]
 * @property {string} [accountId]
 * @property {string} [workerName] `--name`
 * @property {string} [dispatchNamespace]
 * @property {string} [profile]
 * @property {string[]} [envFiles] `--env-file`
 * @property {boolean} [afterDeploy]
 * @property {string} [appPrefix]
 * @property {string} [vinextVersion]
 * @property {string} [adapterVersion]
 * @property {string} [mode]
 * @property {string | false} [viteConfig]
 * @property {number} [ttl]
 * @property {number} [staticTtl]
 * @property {boolean} [allowUnprovenRoutes]
 * @property {boolean} [seedFailedRenders]
 * @property {boolean} [force]
 * @property {number} [maxWrites]
 * @property {boolean} [compress]
 * @property {string[]} [first]
 * @property {boolean} [htmlOnly]
 * @property {boolean} [local]
 * @property {string} [persistTo]
 * @property {boolean} [strict]
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

/** The longest time to live that KV takes: 2³¹ − 1 seconds. */
const MAX_TTL_SECONDS = 2_147_483_647;

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
  1    skipped or failed with --strict; a plan or an export that fails
  2    the command line is wrong
  130  interrupted by Ctrl-C
  deploy passes on the exit code of the build or of wrangler deploy

The API token is taken from CLOUDFLARE_API_TOKEN, else from wrangler login.`;

/**
 * Reads a command line and hands it to `run`. Wrong use throws commander's error, after its message
 * is printed.
 * @param {string[]} args
 * @param {(invocation: Invocation) => Promise<number>} run
 * @param {{ out: (text: string) => void, err: (text: string) => void }} output
 * @returns {Promise<number>} the exit code
 */
export async function dispatch(args, run, output) {
  // What stands behind `--` is the deploy's.
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
    command.showHelpAfterError("(vinext-seed --help shows what there is)");
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

  program
    .optionsGroup("Where to:")
    .option("-e, --env <name>", "environment of the wrangler configuration")
    .option("-c, --config <file>", "wrangler configuration (default: the one wrangler finds)", file)
    .option(
      "--binding <name>",
      "KV binding of the Worker (default: the built Worker's, else the Vite configuration's, else " +
        "VINEXT_KV_CACHE, else VINEXT_CACHE)",
      some,
    )
    .option("--namespace-id <id>", "KV namespace (default: the binding's)", some)
    .option(
      "--account-id <id>",
      "Cloudflare account (default: the configuration's, else CLOUDFLARE_ACCOUNT_ID, else the one " +
        "that wrangler remembers, else the only one)",
      some,
    )
    .option("--name <worker>", "the Worker's name, as for wrangler deploy", some)
    .option("--dispatch-namespace <name>", "as for wrangler deploy", some)
    .option("--profile <name>", "wrangler's auth profile", some)
    .option("--env-file <file>", "as for wrangler; may be repeated", collected)
    .option(
      "--to <store>",
      "another store than Workers KV: redis://…, rediss://…, s3://<bucket>/<prefix>, dir:<directory>, or " +
        "handler, the project's own cache handler (run, plan and deploy)",
      storeName,
    )
    .option("--local", "the KV of wrangler dev and vite preview on this machine (run and plan)")
    .option("--persist-to <dir>", "with --local: wrangler's directory for local state", file)
    .optionsGroup("What:")
    .option(
      "--app-prefix <prefix>",
      'appPrefix of the KV adapter, "" for none (default: the built Worker\'s, else the Vite ' +
        "configuration's)",
    )
    .option("--mode <mode>", "mode of the build, as vite build --mode (default: production)", some)
    .option("--vite-config <file>", "Vite configuration (default: the one Vite finds)", file)
    .option("--no-vite-config", "go by the built Worker alone")
    .option(
      "--vinext-version <version>",
      "vinext of the built Worker, where it is not installed (default: the installed one)",
      some,
    )
    .option("--adapter-version <version>", "with --vinext-version: its @vinext/cloudflare", some)
    .option("--ttl <seconds>", "how long KV keeps pages that revalidate", seconds)
    .option(
      "--static-ttl <seconds>",
      "how long KV keeps static pages (default: until deleted)",
      seconds,
    )
    .option("--allow-unproven-routes", "seed vinext before 0.2.1 too; see the README first")
    .option("--seed-failed-renders", "seed pages whose render failed during the build too")
    .option("--force", "write entries that are stored already and have not changed too")
    .option(
      "--max-writes <n>",
      "write at most so many entries, what matters most first (docs/cost.md)",
      atLeastOne,
    )
    .option("--first <glob>", "with --max-writes: paths to write first; may be repeated", globs)
    .option("--html-only", "write no RSC payloads; the Worker renders them on demand")
    .optionsGroup("How:")
    .option("--compress", "compress requests, as long as the API takes them")
    .option("--strict", "exit with 1 where the seeding fails or is skipped")
    .addOption(new Option("-q, --quiet", "print warnings and errors only").conflicts("verbose"))
    .option("-v, --verbose", "print every skipped route, and where the target is from")
    .option("--json", "print one JSON document on standard output, and nothing else there")
    .option("--no-color", "print without colours, as with NO_COLOR")
    .optionsGroup("Else:");

  const options = () => {
    const { name: workerName, envFile: envFiles, ...others } = program.opts();
    return /** @type {CliOptions} */ ({ ...others, workerName, envFiles });
  };

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
    if (options().to !== undefined) program.error(`error: ${name} does not take --to`);
  };
  program.hook("preAction", () => {
    const { local, persistTo, vinextVersion, adapterVersion } = options();
    if (adapterVersion !== undefined && vinextVersion === undefined) {
      program.error("error: --adapter-version goes with --vinext-version");
    }
    // Passed over, it would fill the deployed namespace instead of the one on this machine.
    if (persistTo !== undefined && !local) program.error("error: --persist-to goes with --local");
    checkStore(options(), program);
  });

  withRoot(command("run", true))
    .description("seed the pages from the last build (default)")
    .option(
      "--after-deploy",
      "seed what the first deploy of a Worker left to seed, else do nothing",
    )
    .action((root, { afterDeploy }) => {
      const given = { ...options(), afterDeploy };
      return invoke({ name: "run", root: project(root), options: given });
    });
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
  withRoot(command("verify"))
    .description("compare what is stored, and what the site serves, with the build")
    .option("--url <url>", "the deployed site: ask it for pages too", some)
    .option("--sample <n>", "how many pages to verify (default: 100)", atLeastOne)
    .action((root, choice) => {
      rejectLocal("verify");
      rejectStore("verify");
      return invoke({ name: "verify", root: project(root), choice, options: options() });
    });
  withRoot(command("prune"))
    .description("delete the entries of builds that are no longer live")
    .option("--keep <n>", "how many of the newest builds to keep (default: 3)", atLeastOne)
    .option("--older-than <age>", "keep builds that are younger, such as 7d, 12h or 90m", age)
    .option("--dry-run", "print what would be deleted; delete nothing")
    .option("--max-deletes <n>", "delete at most so many entries", atLeastOne)
    .option("--url <url>", "ask this site which build is live, not the deployed Worker", some)
    .action((root, choice) => {
      rejectLocal("prune");
      rejectStore("prune");
      return invoke({ name: "prune", root: project(root), choice, options: options() });
    });
  withRoot(command("deploy"))
    .description("build with pre-rendering, seed, deploy; arguments after -- go to wrangler deploy")
    .option("--no-seed-cache", "build and deploy without seeding")
    .option("--verify", "verify at the end, as the command verify does")
    .option("--url <url>", "with --verify: the deployed site", some)
    .option("--sample <n>", "with --verify: how many pages (default: 100)", atLeastOne)
    .usage("[options] [root] [-- arguments of wrangler deploy]")
    .action((root, { seedCache, verify: isVerified, url, sample }) => {
      rejectLocal("deploy");
      if (!isVerified && (url ?? sample) !== undefined) {
        program.error("error: --url and --sample go with --verify");
      }
      const verify = isVerified ? { url, sample } : undefined;
      const given = { root: project(root), options: options() };
      return invoke({ name: "deploy", ...given, seedCache, deployArgs, verify });
    });
  return program;
}

/** @param {string} text with a directory that is relative to the current one, as other paths are */
function storeName(text) {
  const [, directory] = /^dir:(.+)$/su.exec(text) ?? [];
  return directory === undefined ? some(text) : `dir:${path.resolve(directory)}`;
}

/** Options that name a KV namespace, which goes with no other store. */
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
  if (options.to === undefined) return;
  for (const [name, flag] of Object.entries(OF_KV)) {
    if (options[/** @type {keyof typeof OF_KV} */ (name)] !== undefined) {
      program.error(
        `error: --to names another store than Workers KV, so ${flag} does not go with it`,
      );
    }
  }
  try {
    readStore(options.to, ".");
  } catch (error) {
    program.error(`error: --to: ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {string} text */
function some(text) {
  if (text.trim() === "") throw new InvalidArgumentError("It is empty.");
  return text;
}

/** @param {string} text relative to the current directory, as wrangler takes it */
function file(text) {
  return path.resolve(some(text));
}

/**
 * @param {string} text
 * @param {string[]} [before]
 */
function collected(text, before = []) {
  return [...before, file(text)];
}

/** @param {string} text */
function atLeastOne(text) {
  const value = Number(text);
  if (!/^\d+$/u.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It takes a whole number of at least 1.");
  }
  return value;
}

/**
 * @param {string} text
 * @param {string[]} [before]
 */
function globs(text, before = []) {
  return [...before, some(text)];
}

/** Seconds in the units of ages. */
const AGE_UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** @param {string} text */
function age(text) {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/u.exec(text) ?? [];
  if (count === undefined || Number(count) === 0) {
    throw new InvalidArgumentError("It takes a number and a unit: 90m, 12h, 7d or 4w.");
  }
  return Number(count) * AGE_UNITS[/** @type {keyof typeof AGE_UNITS} */ (unit)];
}

/** @param {string} text */
function seconds(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It takes a whole number of seconds.");
  }
  if (value > MAX_TTL_SECONDS) {
    const hint = value % 1000 === 0 ? ` Are these milliseconds? Then it is ${value / 1000}.` : "";
    throw new InvalidArgumentError(`It takes at most ${MAX_TTL_SECONDS} seconds.${hint}`);
  }
  return value;
}

/**
 * What keeps a directory from being a project's.
 * @param {string} root
 */
function problemOf(root) {
  try {
    if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
      return `there is no directory ${root}`;
    }
    // A directory that may not be read can be looked at, but not into.
    if (statSync(path.join(root, "package.json"), { throwIfNoEntry: false })) return undefined;
    return `there is no package.json in ${root}; name the project's directory`;
  } catch (error) {
    return `cannot read ${root}: ${/** @type {Error} */ (error).message}`;
  }
}
