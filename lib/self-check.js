// The installed vinext's own functions against ours, on a few paths, before anything is written.
//
// In: the installed packages. Out: the first difference, or nothing.
// Never: a verdict where there is nothing to compare. Versions before 0.0.49 export no key function,
// and a package can refuse to be imported by the Node that runs this.

import path from "node:path";
import { pathToFileURL } from "node:url";
import { explainRoute } from "./binding.js";

/** The build id of the check; it has what makes ids awkward. */
const BUILD_ID = "self-check:1";

/**
 * Paths on which formats have differed: the root, decoding, Unicode, and the two lengths at the
 * limit above which a path is hashed.
 * @param {number} plainLength the length of a path whose key is just not hashed
 */
const samplePaths = (plainLength) => [
  "/",
  "/%E6%97%A5%E6%9C%AC/😀",
  "/a%20b%2Fc/%252F",
  `/${"x".repeat(plainLength - 1)}`,
  `/${"x".repeat(plainLength)}`,
];

/** The longest key that is not hashed, in characters. */
const MAX_PLAIN_KEY = 200;

/**
 * A path for which the two disagree.
 * @typedef {object} Difference
 * @property {string} path
 * @property {string} ours
 * @property {string} theirs
 */

/**
 * @param {import("./runtime.js").InstalledRuntime} runtime
 * @returns {Promise<Difference | undefined>}
 */
export async function selfCheck(runtime) {
  const theirs = await importKeyFunctions(runtime);
  if (theirs === undefined) return undefined;
  const query = { buildId: BUILD_ID, runtime: runtime.versions };
  const shortest = shortestKey(query);
  if (shortest === undefined) return undefined;
  for (const route of samplePaths(MAX_PLAIN_KEY - shortest.length + 1)) {
    const { html, rsc } = explainRoute({ ...query, route });
    const pathname = theirs.normalizePathname(route);
    for (const [kind, place] of Object.entries({ html, rsc })) {
      const logicalKey = theirs.key(pathname, kind);
      const kvKey = theirs.entryKey?.(logicalKey);
      const [mine, other] =
        kvKey === undefined ? [place.logicalKey, logicalKey] : [place.kvKey, kvKey];
      if (mine !== other) return { path: route, ours: String(mine), theirs: String(other) };
    }
  }
  return undefined;
}

/**
 * @param {Omit<import("../index.js").RouteQuery, "route">} query
 * @returns {string | undefined} nothing where the format is not known, which the engine then says
 */
function shortestKey(query) {
  try {
    return explainRoute({ ...query, route: "/" }).html.logicalKey;
  } catch {
    return undefined;
  }
}

/**
 * @typedef {object} KeyFunctions
 * @property {(pathname: string, kind: string) => string} key
 * @property {(pathname: string) => string} normalizePathname
 * @property {((logicalKey: string) => string) | undefined} entryKey
 */

/**
 * @param {import("./runtime.js").InstalledRuntime} runtime
 * @returns {Promise<KeyFunctions | undefined>}
 */
async function importKeyFunctions(runtime) {
  const isr = await importFrom(runtime.vinext, "dist/server/isr-cache.js");
  if (typeof isr.appIsrHtmlKey !== "function") return undefined;
  const { normalizePathnameForRouteMatch } = await importFrom(
    runtime.vinext,
    "dist/routing/utils.js",
  );
  const { normalizePath } = await importFrom(runtime.vinext, "dist/server/normalize-path.js");
  if (!normalizePathnameForRouteMatch || !normalizePath) return undefined;
  const { createKvKeySpace } = await importFrom(runtime.cloudflare, "dist/cache/kv-key.js");
  return {
    key: (pathname, kind) =>
      withBuildId(() =>
        kind === "html" ? isr.appIsrHtmlKey(pathname) : isr.appIsrRscKey(pathname),
      ),
    normalizePathname: (route) => normalizePath(normalizePathnameForRouteMatch(route)),
    entryKey: createKvKeySpace?.("").entryKey,
  };
}

/**
 * The key functions take the build id from where a build puts it. Nothing runs in between.
 * @param {() => string} work
 */
function withBuildId(work) {
  const before = process.env.__VINEXT_BUILD_ID;
  process.env.__VINEXT_BUILD_ID = BUILD_ID;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env.__VINEXT_BUILD_ID;
    else process.env.__VINEXT_BUILD_ID = before;
  }
}

/**
 * @param {string | undefined} directory
 * @param {string} file
 * @returns {Promise<Record<string, any>>} nothing in it if it cannot be imported
 */
async function importFrom(directory, file) {
  if (directory === undefined) return {};
  try {
    return await import(pathToFileURL(path.join(directory, file)).href);
  } catch {
    return {};
  }
}
