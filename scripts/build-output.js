// Lists what a vinext build has pre-rendered, as the requests that each artifact answers.
//
// It knows no cache keys: what checks the seeder must not use its rules.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {object} PrerenderedArtifact
 * @property {string} route the route's pattern
 * @property {string} pathname its concrete path, as the manifest has it
 * @property {"html" | "rsc" | "route"} kind
 * @property {string} url the path to request
 * @property {number} status the status to expect
 * @property {Buffer} content
 */

/**
 * Lists what the build in `root` can answer requests with.
 * @param {string} root
 * @returns {PrerenderedArtifact[]}
 */
export function prerenderedArtifacts(root) {
  const server = path.join(root, "dist", "server");
  const manifest = JSON.parse(readFileSync(path.join(server, "vinext-prerender.json"), "utf-8"));
  // From 1.4.0 on `/index` has files of its own; before it shares those of `/`.
  const escapesIndex = existsSync(path.join(server, "prerendered-routes", "index", "index.rsc"));
  return manifest.routes.flatMap((/** @type {any} */ route) => {
    const pathname = route.path ?? route.route;
    // `/404` is how the build writes its error page, no page of the site, in each locale.
    if (route.status !== "rendered" || [pathname, route.route].includes("/404")) return [];
    const stem = stemOf(pathname, escapesIndex);
    const kinds = route.router === "metadata" ? ["route"] : ["html", "rsc"];
    return kinds.flatMap((kind) => {
      const inFolder = kind === "html" && manifest.trailingSlash && pathname !== "/";
      const file = inFolder ? path.join(stem, "index.html") : `${stem}.${kind}`;
      const place = path.join(server, "prerendered-routes", file);
      if (!existsSync(place)) return [];
      return {
        route: route.route,
        pathname,
        kind,
        url: kind === "rsc" ? `${pathname}.rsc` : pathname,
        status: route.responseStatus ?? 200,
        content: readFileSync(place),
      };
    });
  });
}

/**
 * @param {string} pathname
 * @param {boolean} escapesIndex
 */
function stemOf(pathname, escapesIndex) {
  if (pathname === "/") return "index";
  const isIndex = escapesIndex && /^\/index(?:\/|$)/u.test(pathname);
  return isIndex ? `index${pathname}` : pathname.slice(1);
}
