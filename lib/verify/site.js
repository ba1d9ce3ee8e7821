// Requests the build's pages from a deployed site, sequentially and once each.

import { setTimeout as sleep } from "node:timers/promises";
import { siteRequest } from "../binding.js";

/** Minimum time between requests, in milliseconds. */
const PAUSE_MS = 50;

/** How many documents are also requested with a query string. */
const QUERIES = 5;

/** A query string that no page reads. */
const QUERY = "?vinext-seed-verify=1";

/** Addresses of the build machine in the site's headers. */
const BUILD_HOST = /\b(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0)\b|\[::1?\]/u;

/** @typedef {"HIT" | "STALE" | "MISS" | "none"} CacheState what `x-vinext-cache` says */

/**
 * @typedef {object} SiteMismatch
 * @property {string} url
 * @property {"no-answer" | "wrong-status" | "wrong-bytes" | "not-cached" | "build-host"} problem
 * @property {string} detail
 */

/**
 * @typedef {object} SiteCount
 * @property {number} asked
 * @property {number} hit
 * @property {number} stale
 * @property {number} miss not cached, or without `x-vinext-cache`
 * @property {number} wrongStatus
 * @property {number} wrongBytes
 * @property {number} buildHost headers that name the machine that built the site
 */

/**
 * @typedef {object} SiteCheck
 * @property {Record<"html" | "rsc" | "route" | "query", SiteCount>} counts
 * @property {SiteMismatch[]} problems
 * @property {string[]} warnings
 */

/**
 * @param {string} siteUrl with the base path, if the site has one
 * @param {import("./entry.js").SampledPage[]} pages
 * @param {AbortSignal} [signal]
 * @returns {Promise<SiteCheck>}
 */
export async function checkSite(siteUrl, pages, signal) {
  const counts = { html: count(), rsc: count(), route: count(), query: count() };
  /** @type {SiteMismatch[]} */
  const problems = [];
  /** @type {Set<string>} */
  const warnings = new Set();
  const documents = pages.filter(({ kind, status }) => kind === "html" && status === 200);
  const questions = [
    ...pages.map((page) => ({ page, query: "" })),
    ...documents.slice(0, QUERIES).map((page) => ({ page, query: QUERY })),
  ];
  for (const { page, query } of questions) {
    const url = urlOf(siteUrl, page) + query;
    const counted = counts[query === "" ? page.kind : "query"];
    const add = (/** @type {SiteMismatch["problem"]} */ problem, /** @type {string} */ detail) =>
      problems.push({ url, problem, detail });
    counted.asked += 1;
    let answer;
    try {
      answer = await ask(url, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      add("no-answer", /** @type {Error} */ (error).message);
      continue;
    }
    for (const warning of answer.warnings) warnings.add(warning);
    const state = stateOf(answer);
    counted[state === "HIT" ? "hit" : state === "STALE" ? "stale" : "miss"] += 1;
    const host = answer.headers.find(([, value]) => BUILD_HOST.test(value));
    if (host !== undefined && !BUILD_HOST.test(new URL(url).host)) {
      counted.buildHost += 1;
      add("build-host", `${host[0]}: ${host[1]}`);
    }
    const isRedirect = page.status >= 300 && page.status < 400;
    // The runtime answers a payload request for a redirect with 200 and the location.
    const expected = isRedirect && page.kind === "rsc" ? 200 : page.status;
    if (answer.status !== expected) {
      counted.wrongStatus += 1;
      add("wrong-status", `${answer.status}, expected ${expected}`);
      continue;
    }
    // Whether a query is cached depends on the version and the page.
    if (query !== "") continue;
    const isCached = state === "HIT" || (state === "STALE" && page.revalidates);
    if (!isCached) {
      add("not-cached", state === "none" ? "the answer has no x-vinext-cache" : state);
    } else if (!isRedirect && state === "HIT" && page.body && !answer.body.equals(page.body)) {
      counted.wrongBytes += 1;
      add("wrong-bytes", `${answer.body.length} bytes, ${page.body.length} in the build`);
    }
  }
  return { counts, problems, warnings: [...warnings] };
}

/**
 * Requests a page, and again if the site redirects to a trailing slash.
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
async function ask(url, signal) {
  await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
  const answer = await siteRequest({ url, signal });
  const location = answer.headers.find(([name]) => name === "location")?.[1];
  if (answer.status !== 308 || location === undefined) return answer;
  const [from, to] = [new URL(url), new URL(location, url)];
  const isSlashOnly =
    from.origin === to.origin && bare(from.pathname) === bare(to.pathname) && from.href !== to.href;
  return isSlashOnly ? siteRequest({ url: to.href, signal }) : answer;
}

/** @param {string} pathname */
function bare(pathname) {
  return pathname.replace(/\/?(?:\.rsc)?$/u, "");
}

/**
 * @param {import("../binding.js").SiteResponse} answer
 * @returns {CacheState}
 */
function stateOf({ headers }) {
  const state = headers.find(([name]) => name === "x-vinext-cache")?.[1].toUpperCase();
  return state === "HIT" || state === "STALE" || state === "MISS" ? state : "none";
}

/**
 * @param {string} siteUrl
 * @param {import("./entry.js").SampledPage} page
 */
function urlOf(siteUrl, { pathname, kind }) {
  const base = siteUrl.replace(/\/+$/u, "");
  const path = pathname.split("/").map(encodeURIComponent).join("/");
  if (kind !== "rsc") return base + (path === "/" && base !== originOf(base) ? "" : path);
  return `${base}${path}.rsc`;
}

/** @param {string} url */
function originOf(url) {
  return new URL(url).origin;
}

/** @returns {SiteCount} */
function count() {
  return { asked: 0, hit: 0, stale: 0, miss: 0, wrongStatus: 0, wrongBytes: 0, buildHost: 0 };
}
