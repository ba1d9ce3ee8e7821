// The entries of a page as vinext 1.4.0 reads them, encoded in plain JavaScript.
//
// It uses nothing from the package: it is what the package is compared with, byte for byte.

import { readFileSync, statSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {{
 *   route: string, path?: string, status: string, router?: string, tags?: string[],
 *   revalidate: number | false, expire?: number,
 * }} Route
 * @typedef {{ key: string, value: string, expiration_ttl?: number, metadata: object }} Pair
 */

/** The longest time that KV keeps a page that revalidates: 30 days. */
const MAX_TTL_SECONDS = 2_592_000;

/** @param {string} root the project's directory */
export function openBuild(root) {
  const server = path.join(root, "dist", "server");
  const manifestFile = path.join(server, "vinext-prerender.json");
  /** @type {{ buildId: string, routes: Route[] }} */
  const manifest = JSON.parse(readFileSync(manifestFile, "utf-8"));
  return {
    buildId: manifest.buildId,
    routes: manifest.routes.filter(
      ({ status, router }) => status === "rendered" && router === "app",
    ),
    directory: path.join(server, "prerendered-routes"),
    renderedAt: Math.trunc(statSync(manifestFile).mtimeMs),
    now: Date.now(),
  };
}

/** @typedef {ReturnType<typeof openBuild>} Build */

/**
 * The files of a page.
 * @param {Build} build
 * @param {Route} route
 */
export function filesOf(build, route) {
  const pathname = route.path ?? route.route;
  const stem = build.directory + (pathname === "/" ? "/index" : pathname);
  return { html: `${stem}.html`, rsc: `${stem}.rsc` };
}

/**
 * All pairs of a build, each route read when it is its turn, and how long stores other than KV keep them, in
 * seconds.
 * @param {Build} build
 * @returns {Generator<Pair & { stays?: number }>}
 */
export function* allPairs(build) {
  for (const route of build.routes) {
    const { html, rsc } = filesOf(build, route);
    const stays = route.revalidate === false ? {} : { stays: MAX_TTL_SECONDS };
    for (const pair of pairsOf(build, route, readFileSync(html, "utf-8"), readFileSync(rsc))) {
      yield { ...pair, ...stays };
    }
  }
}

/**
 * The pairs of a page.
 * @param {Build} build
 * @param {Route} route
 * @param {string} html
 * @param {Buffer} rsc
 * @returns {[Pair, Pair]}
 */
export function pairsOf(build, route, html, rsc) {
  const pathname = route.path ?? route.route;
  const rscData = rsc.toString("base64");
  return [
    pair(build, route, `${pathname}:html`, { kind: "APP_PAGE", html, prerendered: true }),
    pair(build, route, `${pathname}:rsc`, {
      kind: "APP_PAGE",
      html: "",
      rscData,
      prerendered: true,
    }),
  ];
}

/**
 * @param {Build} build
 * @param {Route} route
 * @param {string} name
 * @param {object} value
 * @returns {Pair}
 */
function pair(build, route, name, value) {
  const { revalidate, expire, tags } = route;
  const isRevalidated = revalidate !== false;
  const entry = {
    value,
    tags,
    lastModified: build.renderedAt,
    revalidateAt: isRevalidated ? build.now + revalidate * 1000 : null,
    expireAt: expire === undefined ? null : build.now + expire * 1000,
    ...(isRevalidated ? { cacheControl: { revalidate, expire } } : {}),
  };
  return {
    key: `cache:app:v2:${build.buildId}:${name}`,
    value: JSON.stringify(entry),
    ...(isRevalidated
      ? { expiration_ttl: Math.min(Math.max(revalidate * 10, expire ?? 0), MAX_TTL_SECONDS) }
      : {}),
    metadata: { tags },
  };
}
