// `vinext-seed export`: the entries as files, for other ways to load them.
//
// In: a directory. Out: files there, and how wrangler loads them.
// Never: a token or a request.

import path from "node:path";
import { readCacheConfig } from "../cache-config.js";
import { prerenderHint } from "../prerender-hint.js";
import { isNothingToSeed } from "../seed-from-project.js";
import { exportKvSeed } from "../seed-kv-cache.js";
import { FAILED, OK } from "./exit-codes.js";
import { counted, number, rows, size } from "./format.js";
import { buildOptions } from "./seed-step.js";
import { skippedRoutes, skippedRows } from "./summary.js";

/** The adapter's own default. */
const DEFAULT_BINDING = "VINEXT_KV_CACHE";

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
  const cacheConfig = await readCacheConfig(root);
  const exporting = { root, directory: place, ...buildOptions(options), signal };
  const result = await exportKvSeed(exporting, cacheConfig);
  if (result.skippedCode === "no-manifest") result.skippedDetail ??= await prerenderHint(root);
  for (const warning of result.warnings) printer.warning(warning);
  if (result.skipped !== undefined) {
    printer.json({ ...result, directory: place });
    const detail = result.skippedDetail === undefined ? "" : `; ${result.skippedDetail}`;
    printer.warning(`nothing is exported (${result.skippedCode}): ${result.skipped}${detail}`);
    return options.strict && !isNothingToSeed(result) ? FAILED : OK;
  }
  const named = cacheConfig.kind === "kv" ? cacheConfig.options.binding : undefined;
  const load = result.files.map(({ name }) =>
    loadCommand(path.relative(process.cwd(), path.join(place, name)), options, named),
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
      `To load ${files.length === 1 ? "it" : "them"}, before the deploy:`,
      ...load.map((command) => `  ${command}`),
    ].join("\n"),
  );
  return OK;
}

/**
 * @param {string} file
 * @param {import("./arguments.js").CliOptions} options
 * @param {string | undefined} named the binding that the Vite configuration names
 */
export function loadCommand(file, { binding, namespaceId, env, config }, named) {
  const to =
    namespaceId === undefined
      ? `--binding ${binding ?? named ?? DEFAULT_BINDING}`
      : `--namespace-id ${namespaceId}`;
  const more = [env ? ` --env ${env}` : "", config ? ` --config ${quoted(config)}` : ""].join("");
  return `npx wrangler kv bulk put ${quoted(file)} ${to} --remote${more}`;
}

/**
 * A path as any shell takes it, cmd.exe too.
 * @param {string} file
 */
function quoted(file) {
  return /[\s()[\]&']/u.test(file) ? `"${file}"` : file;
}
