// The requests that a comparison makes: every page of a build, as a document and as what a navigation within
// the site asks for.

import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {object} PageRequest
 * @property {"html" | "rsc" | "data" | "route"} kind what is asked for: a document, what a navigation within
 *   the site asks for (a payload of the App Router, the data of the Pages Router), or the response of a
 *   metadata route
 * @property {string} pathname as the manifest has it, without `basePath`
 * @property {string} url the path to request
 * @property {ManifestRoute} [route] missing for a path that the caller has added
 */

/**
 * The parts of a manifest's route that are used here.
 * @typedef {object} ManifestRoute
 * @property {string} route
 * @property {string} [path]
 * @property {string} status
 * @property {string} [router]
 * @property {number | false | null} [revalidate]
 * @property {number} [expire]
 * @property {string[]} [tags]
 */

/** The build's render of its error page: no page of the site. */
const ERROR_PAGE = "/404";

/**
 * @param {string} root a project that is built
 * @param {object} options
 * @param {string} options.basePath
 * @param {string[]} options.paths of pages that the manifest does not list, without `basePath`
 * @returns {PageRequest[]}
 */
export function requestsOf(root, { basePath, paths }) {
  const file = path.join(root, "dist", "server", "vinext-prerender.json");
  const { routes, buildId, trailingSlash = false } = JSON.parse(readFileSync(file, "utf-8"));
  const hasAppRouter = routes.some((/** @type {ManifestRoute} */ { router }) => router === "app");
  /** @param {string} pathname */
  const stem = (pathname) =>
    `${basePath}${pathname}${trailingSlash && !pathname.endsWith("/") ? "/" : ""}`;
  /**
   * @param {string} pathname
   * @param {ManifestRoute} [route]
   * @returns {PageRequest[]}
   */
  const page = (pathname, route) => {
    const navigation = route?.router === "pages" || !hasAppRouter ? data : payload;
    return [
      { kind: "html", pathname, url: stem(pathname), route },
      { pathname, route, ...navigation(pathname) },
    ];
  };
  const payload = (/** @type {string} */ pathname) => {
    return { kind: /** @type {const} */ ("rsc"), url: `${stem(pathname)}.rsc` };
  };
  const data = (/** @type {string} */ pathname) => {
    const name = pathname === "/" ? "/index" : pathname;
    return {
      kind: /** @type {const} */ ("data"),
      url: `${basePath}/_next/data/${buildId}${name}.json`,
    };
  };
  const listed = routes.flatMap((/** @type {ManifestRoute} */ route) => {
    const pathname = route.path ?? route.route;
    // Shells of unknown paths have a pattern for a path; they are never requested.
    const isErrorPage = pathname === ERROR_PAGE || route.route === ERROR_PAGE;
    if (route.status !== "rendered" || isErrorPage || pathname.includes("[")) return [];
    if (route.router !== "metadata") return page(pathname, route);
    return { kind: "route", pathname, url: `${basePath}${pathname}`, route };
  });
  return [...listed, ...paths.flatMap((pathname) => page(pathname))];
}
