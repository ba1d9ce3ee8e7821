// Calls the installed vinext's own functions for the keys of a few paths: a reader.

import path from "node:path";
import { pathToFileURL } from "node:url";
import { answerAsReader } from "./reader.js";

/** @typedef {{ logicalKey: string, kvKey?: string }} TheirKey */

/**
 * The keys under which the installed packages look a page up; `kvKey` only if the adapter exports
 * its key function, `pages` only if vinext exports that of the Pages Router.
 * @typedef {{ html: TheirKey, rsc: TheirKey, pages?: TheirKey }} TheirKeys
 */

await answerAsReader(async (question) => {
  const { vinext, cloudflare, buildId, routes } = JSON.parse(question);
  // The key functions take the build id from where a build puts it.
  process.env.__VINEXT_BUILD_ID = buildId;
  const functions = await importKeyFunctions(vinext, cloudflare);
  return (
    functions && routes.map((/** @type {string} */ route) => keysOf(functions, route, buildId))
  );
});

/**
 * @param {KeyFunctions} functions
 * @param {string} route
 * @param {string} buildId
 * @returns {TheirKeys}
 */
function keysOf({ html, rsc, pages, normalizePathname, entryKey }, route, buildId) {
  const pathname = normalizePathname(route);
  const found = (/** @type {string} */ logicalKey) => ({
    logicalKey,
    kvKey: entryKey?.(logicalKey),
  });
  return {
    html: found(html(pathname)),
    rsc: found(rsc(pathname)),
    pages: pages && found(pages(route, buildId)),
  };
}

/**
 * @typedef {object} KeyFunctions
 * @property {(pathname: string) => string} html
 * @property {(pathname: string) => string} rsc
 * @property {((route: string, buildId: string) => string) | undefined} pages
 * @property {(route: string) => string} normalizePathname
 * @property {((logicalKey: string) => string) | undefined} entryKey
 */

/**
 * @param {string} vinext its directory
 * @param {string | undefined} cloudflare that of `@vinext/cloudflare`
 * @returns {Promise<KeyFunctions | undefined>}
 */
async function importKeyFunctions(vinext, cloudflare) {
  const isr = await importFrom(vinext, "dist/server/isr-cache.js");
  if (typeof isr.appIsrHtmlKey !== "function") return undefined;
  const { normalizePathnameForRouteMatch } = await importFrom(vinext, "dist/routing/utils.js");
  const { normalizePath } = await importFrom(vinext, "dist/server/normalize-path.js");
  if (!normalizePathnameForRouteMatch || !normalizePath) return undefined;
  const { createKvKeySpace } = await importFrom(cloudflare, "dist/cache/kv-key.js");
  return {
    html: isr.appIsrHtmlKey,
    rsc: isr.appIsrRscKey,
    pages: isr.pagesIsrCacheKey,
    normalizePathname: (route) => normalizePath(normalizePathnameForRouteMatch(route)),
    entryKey: createKvKeySpace?.("").entryKey,
  };
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
