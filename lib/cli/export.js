// `vinext-seed export`: the entries as files, for other ways to load them.
//
// In: a directory. Out: files there, and how wrangler loads them.
// Never: a token or a request.

import path from "node:path";
import { readCacheConfig } from "../cache-config.js";
import { prerenderHint } from "../prerender-hint.js";
import { isNothingToSeed } from "../seed-from-project.js";
import { exportKvSeed } from "../seed-kv-cache.js";
import { readWranglerConfig } from "../wrangler/config.js";
import { readEnvironment } from "../wrangler/environment.js";
import { findNamespace } from "../wrangler/namespace.js";
import { FAILED, OK } from "./exit-codes.js";
import { counted, number, rows, size } from "./format.js";
import { buildOptions } from "./seed-step.js";
import { skippedRoutes, skippedRows } from "./summary.js";

/** What stands for the namespace where there is no configuration that names it. */
const UNKNOWN_NAMESPACE = "--namespace-id <id of the Worker's namespace>";

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
  const cacheConfig = await readCacheConfig(root, undefined, options.env, signal);
  const exporting = { root, directory: place, ...buildOptions(options), signal };
  const result = await exportKvSeed(exporting, cacheConfig);
  if (result.skippedCode === "no-manifest")
    result.skippedDetail ??= await prerenderHint(root, signal);
  for (const warning of result.warnings) printer.warning(warning);
  if (result.skipped !== undefined) {
    printer.json({ ...result, directory: place });
    const detail = result.skippedDetail === undefined ? "" : `; ${result.skippedDetail}`;
    printer.warning(`nothing is exported (${result.skippedCode}): ${result.skipped}${detail}`);
    return options.strict && !isNothingToSeed(result) ? FAILED : OK;
  }
  const named = cacheConfig.kind === "kv" ? cacheConfig.options.binding : undefined;
  const to = await namespaceFlag(root, options, named, signal);
  const load = result.files.map(({ name }) =>
    loadCommand(fromProject(root, path.join(place, name)), to, options),
  );
  printer.json({ ...result, directory: place, load });
  const { routes, kvPairs, bytes, files, routesSkipped } = result;
  printer.result(
    [
      `Exported ${counted(routes, "page")} to ${place}`,
      rows([
        ["entries", number(kvPairs)],
        ["bytes", size(bytes)],
        ["files", number(files.length)],
        ...skippedRows(routesSkipped),
      ]),
      ...(printer.isVerbose ? skippedRoutes(routesSkipped) : []),
      "",
      `To load ${files.length === 1 ? "it" : "them"}, in ${root} before the deploy:`,
      ...load.map((command) => `  ${command}`),
    ].join("\n"),
  );
  return OK;
}

/**
 * How wrangler is told the namespace.
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 * @param {string | undefined} named the binding that the Vite configuration names
 * @param {AbortSignal} signal
 */
async function namespaceFlag(root, { binding, namespaceId, env, config }, named, signal) {
  if (namespaceId !== undefined) return `--namespace-id ${namespaceId}`;
  const environment = readEnvironment(root, { env });
  const answer = await readWranglerConfig({ root, config, env, environment, signal });
  const found =
    answer.kind === "config" ? findNamespace(answer.config, binding ?? named) : undefined;
  if (found !== undefined && "namespace" in found) return `--binding ${found.namespace.binding}`;
  const known = binding ?? named;
  return known === undefined ? UNKNOWN_NAMESPACE : `--binding ${known}`;
}

/**
 * @param {string} file
 * @param {string} to
 * @param {Pick<import("./arguments.js").CliOptions, "env" | "config">} options
 */
export function loadCommand(file, to, { env, config }) {
  const more = [env ? ` --env ${env}` : "", config ? ` --config ${quoted(config)}` : ""].join("");
  return `npx wrangler kv bulk put ${quoted(file)} ${to} --remote${more}`;
}

/**
 * A file as it is named in the project's directory.
 * @param {string} root
 * @param {string} file
 */
function fromProject(root, file) {
  const relative = path.relative(root, file);
  return relative.startsWith("..") || path.isAbsolute(relative) ? file : relative;
}

/**
 * A path as any shell takes it, cmd.exe too.
 * @param {string} file
 */
function quoted(file) {
  return /[\s()[\]&']/u.test(file) ? `"${file}"` : file;
}
