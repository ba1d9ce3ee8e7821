// `vinext-seed export`: writes the entries to files, and prints the command that loads them. It
// needs no token and sends nothing.

import path from "node:path";
import { inspectWorker } from "../binding.js";
import { readCacheConfig } from "../cache-config.js";
import { prerenderHint } from "../prerender-hint.js";
import { sanitize } from "../sanitized-text.js";
import { strictError } from "../strict.js";
import { exportKvSeed } from "../seed-kv-cache.js";
import { readWorkerConfig } from "../wrangler/config.js";
import { readEnvironment } from "../wrangler/environment.js";
import { findNamespace } from "../wrangler/namespace.js";
import { bindingOf } from "../wrangler/of-project.js";
import { FAILED, OK, USAGE } from "./exit-codes.js";
import { counted, number, rows, size } from "./format.js";
import { planOptions } from "./seed-step.js";
import { quoted } from "./shell-quoting.js";
import { skippedRoutes, skippedRows, whyNothing } from "./summary.js";

/** Placeholder for the namespace if no configuration names it. */
const UNKNOWN_NAMESPACE = ["--namespace-id", "<id of the Worker's namespace>"];

/**
 * @param {string} root
 * @param {string} directory
 * @param {import("./arguments.js").CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {AbortSignal} signal
 * @returns {Promise<number>}
 */
export async function exportProject(root, directory, options, printer, signal) {
  const place = path.resolve(directory);
  const { viteConfig, viteMode } = options;
  const reading =
    viteConfig === false
      ? undefined
      : readCacheConfig({ root, viteConfig, viteMode, env: options.env, signal });
  const cacheConfig = await reading;
  const named = await bindingOf(await inspectWorker(root), reading);
  const { env, config, binding = named, namespaceId } = options;
  const unsafe = unsafeWord([place, env || undefined, config, binding, namespaceId]);
  if (unsafe !== undefined) {
    const message =
      `${sanitize(unsafe)} has characters that cannot be pasted safely into the load command; ` +
      "choose another name";
    printer.json({ failure: { code: "UNSAFE_NAME", message } });
    printer.error(message);
    return USAGE;
  }
  const exporting = { ...planOptions(root, options), directory: place, signal };
  const result = await exportKvSeed(exporting, cacheConfig);
  if (result.skippedCode === "no-manifest")
    result.skippedDetail ??= await prerenderHint(root, signal);
  for (const warning of result.warnings) printer.warning(warning);
  if (result.skipped !== undefined) {
    printer.json({ ...result, directory: place });
    printer.warning(`nothing is exported ${whyNothing(result)}`);
    return options.strict && strictError(result) !== undefined ? FAILED : OK;
  }
  const to = await namespaceFlag(root, options, named, signal);
  const load = result.files.map(({ name }) =>
    loadCommand(fromProject(root, path.join(place, name)), to, options),
  );
  printer.json({ ...result, directory: place, load });
  const { routes, kvPairs, bytes, files, skippedReasons } = result;
  printer.result(
    [
      `Exported ${counted(routes, "page")} to ${place}`,
      rows([
        ["entries", number(kvPairs)],
        ["bytes", size(bytes)],
        ["files", number(files.length)],
        ...skippedRows(skippedReasons),
      ]),
      ...(printer.isVerbose ? skippedRoutes(result) : []),
      "",
      `To load ${files.length === 1 ? "it" : "them"}, in ${root} before the deploy:`,
      ...load.map((command) => `  ${command}`),
    ].join("\n"),
  );
  return OK;
}

/**
 * The flag that selects the namespace for wrangler, and its value.
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 * @param {string | undefined} named the binding that the Vite configuration names
 * @param {AbortSignal} signal
 */
async function namespaceFlag(root, { binding, namespaceId, env, config }, named, signal) {
  if (namespaceId !== undefined) return ["--namespace-id", namespaceId];
  const environment = readEnvironment(root, { env });
  const answer = await readWorkerConfig({ root, config, env, environment, signal });
  const found =
    answer.kind === "config" ? findNamespace(answer.config, binding ?? named) : undefined;
  if (found !== undefined && "namespace" in found) {
    return ["--binding", found.namespace.binding];
  }
  const known = binding ?? named;
  return known === undefined ? UNKNOWN_NAMESPACE : ["--binding", known];
}

/**
 * @param {string} file
 * @param {string[]} to
 * @param {Pick<import("./arguments.js").CliOptions, "env" | "config">} options
 * @param {NodeJS.Platform} [platform]
 */
export function loadCommand(file, to, { env, config }, platform) {
  const [flag, value = ""] = to;
  const word = (/** @type {string} */ text) => quoted(text, platform);
  return [
    `npx wrangler kv bulk put ${word(file)} ${flag} ${word(value)} --remote`,
    ...(env ? [`--env ${word(env)}`] : []),
    ...(config ? [`--config ${word(config)}`] : []),
  ].join(" ");
}

/** @param {(string | undefined)[]} words that become part of a command */
function unsafeWord(words) {
  return words.find((word) => word !== undefined && quoted(word) === undefined);
}

/**
 * A file's path relative to the project's directory.
 * @param {string} root
 * @param {string} file
 */
function fromProject(root, file) {
  const relative = path.relative(root, file);
  if (relative.startsWith("..") || path.isAbsolute(relative)) return file;
  // It must not be parsed as a flag.
  return relative.startsWith("-") ? `.${path.sep}${relative}` : relative;
}
