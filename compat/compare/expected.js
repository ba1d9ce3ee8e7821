// The differences that are expected. docs/differences.md gives the reason for each.

import { cacheState } from "./answers.js";
import { documentTexts } from "./shown.js";

/**
 * @typedef {import("./compare.js").Difference} Difference
 * @typedef {import("./entries.js").EntryDifference} EntryDifference
 * @typedef {import("./answers.js").AnswerDifference} AnswerDifference
 * @typedef {import("./answers.js").PageAnswers} PageAnswers
 */

/**
 * @typedef {object} Facts
 * @property {import("../../index.js").ProjectSeedResult} result
 * @property {PageAnswers[]} pages
 * @property {boolean} isProven whether the build distinguishes pages that depend on the request
 */

/** Up to here the Worker keeps no page that does not revalidate, and answers it without a word on caches. */
const KEEPS_NO_STATIC_PAGES = ["g04", "g05", "g06", "g07", "g08", "g09", "g10", "g11"];

/** Up to here the build does not say which tags and route groups a page has. */
const LISTS_NO_TAGS = ["g02", "g04", "g05", "g06", "g07", "g08"];

/** What answers to a question about caches look like; a MISS and a HIT differ in them. */
const CACHE_HEADERS = ["cache-control", "x-vinext-cache", "x-nextjs-cache"];

/** How much time can pass between the seeding and the reading of an expiration. */
const TTL_TOLERANCE_SECONDS = 120;

/** @type {Record<string, (difference: EntryDifference, facts: Facts) => boolean>} */
const ENTRIES = {
  "query-proof": ({ field, seeded, worker, workerEntry }) => {
    const observed = workerEntry?.entry.value?.renderObservation;
    if (field === "value.prerendered") return seeded === true && isQueryUnread(observed);
    if (field !== "value.renderObservation") return false;
    return isQueryUnread(worker) && (seeded === undefined || isQueryUnread(seeded));
  },
  "implied-status": ({ field, seeded, worker }) =>
    field === "value.status" && seeded === undefined && worker === 200,
  "static-lifetime": ({ field, seededEntry, workerEntry }) =>
    ["ttl", "expireAt", "cacheControl.revalidate", "cacheControl.expire"].includes(field) &&
    isStatic(seededEntry) &&
    isStatic(workerEntry),
  "shorter-ttl": ({ field, seededEntry, workerEntry }) => {
    const { revalidateAt, expireAt } = seededEntry?.entry ?? {};
    const [ours, theirs] = [seededEntry?.ttlSeconds ?? Infinity, workerEntry?.ttlSeconds ?? 0];
    if (field !== "ttl" || revalidateAt === null || ours > theirs) return false;
    // Not so short that a page which may still be served is gone.
    const servedSeconds = ((expireAt ?? revalidateAt) - Date.now()) / 1000;
    return ours > Math.min(servedSeconds, theirs) - TTL_TOLERANCE_SECONDS;
  },
  "stale-from-the-start": ({ field, seededEntry, workerEntry }) =>
    isStaleFromTheStart(seededEntry) &&
    workerEntry !== undefined &&
    (field === "ttl" ||
      field === "revalidateAt" ||
      field === "expireAt" ||
      field.startsWith("cacheControl.")),
  "seed-record": ({ field, worker }) => field === "metadata.seed" && worker === undefined,
  "static-page-kept": (difference, { result, pages }) =>
    isSeededOnly(difference) &&
    isStatic(difference.seededEntry) &&
    KEEPS_NO_STATIC_PAGES.includes(result.runtime?.generation ?? "") &&
    isHit(pageOf(difference, pages)),
  "unproven-page": (difference, { pages, isProven }) =>
    !isProven && isSeededOnly(difference) && dependsOnTheRequest(pageOf(difference, pages)),
  "comma-tags": ({ field, seeded, worker }) => {
    if (!["tags", "metadata"].includes(field)) return false;
    const [ours, theirs] = [tagsIn(seeded), tagsIn(worker)];
    const pieces = theirs.flatMap((tag) => (tag.includes(",") ? tag.split(",") : []));
    return (
      theirs.every((tag) => tag.split(",").every((piece) => ours.includes(piece))) &&
      pieces.length > 0 &&
      ours.every((tag) => theirs.includes(tag) || pieces.includes(tag))
    );
  },
  "skipped-route": (difference, { result, pages }) => {
    if (difference.field !== "key" || difference.seededEntry !== undefined) return false;
    const route = pageOf(difference, pages)?.request.route;
    return result.routesSkipped.some(({ path, route: pattern }) =>
      route?.path === undefined ? pattern === route?.route : path === route.path,
    );
  },
  "query-in-the-browser": ({ field, seeded, seededEntry, workerEntry }) =>
    field === "value.html" &&
    isLeftToTheBrowser(seededEntry?.entry.value.html, workerEntry?.entry.value.html, seeded),
  "worker-without-env": (difference, { result }) => isSeededOnly(difference) && isUnread(result),
  "pages-router": ({ field, seededEntry, workerEntry }, { result }) =>
    field === "key" &&
    seededEntry === undefined &&
    workerEntry?.entry.value?.kind === "PAGES" &&
    result.runtime?.generation !== "g12",
  "rewritten-path": (difference) =>
    difference.field === "key" &&
    difference.seededEntry === undefined &&
    difference.where.includes("?__vinext_rewrite="),
  "unlisted-tags": ({ field }, { result }) =>
    ["tags", "metadata"].includes(field) &&
    LISTS_NO_TAGS.includes(result.runtime?.generation ?? ""),
};

/** @type {Record<string, (difference: AnswerDifference, facts: Facts) => boolean>} */
const ANSWERS = {
  "first-request-hit": ({ field, seeded, worker }) =>
    field === "cache" && seeded === "HIT, then HIT" && /^(?:MISS|-), then HIT$/u.test(`${worker}`),
  "first-request-stale": ({ field, seeded, worker, page }) => {
    const { route, kind } = page.request;
    if (route?.router !== "pages" || typeof route.revalidate === "number") return false;
    // A background render has replaced the entry by the second request, or is about to.
    const isServed = /^STALE, then (?:HIT|STALE)$/u.test(`${seeded}`);
    if (field === "cache") {
      return (isServed || (kind === "data" && seeded === "HIT, then HIT")) && worker !== seeded;
    }
    return CACHE_HEADERS.some((name) => field === `header ${name}`) && isStale(page.seeded[0]);
  },
  "data-request-hit": ({ field, page }) =>
    page.request.kind === "data" &&
    isHit(page) &&
    page.worker.every((answer) => cacheState(answer) === "-") &&
    (field === "cache" || CACHE_HEADERS.some((name) => field === `header ${name}`)),
  "status-of-a-hit": ({ field, page }) =>
    field === "status of request 1" &&
    cacheState(page.worker[1]) === "HIT" &&
    page.seeded[0].status === page.worker[1].status,
  "query-in-the-browser-shown": ({ field, seeded, page }) =>
    field === "text" &&
    page.request.kind === "html" &&
    isLeftToTheBrowser(page.seeded[0].body.toString(), page.worker[0].body.toString(), seeded),
  "unproven-page-hit": ({ field, page }, { isProven }) => {
    if (isProven || !dependsOnTheRequest(page)) return false;
    return field === "cache" || CACHE_HEADERS.some((name) => field === `header ${name}`);
  },
  "static-page-hit": ({ field, worker, page }, { result }) => {
    if (!isHit(page) || typeof page.request.route?.revalidate === "number") return false;
    const isUnmarked = worker === "-, then -";
    const isAllowed = KEEPS_NO_STATIC_PAGES.includes(result.runtime?.generation ?? "");
    if (field === "cache") {
      return (
        /^(?:MISS, then MISS|STATIC, then STATIC)$/u.test(`${worker}`) || (isUnmarked && isAllowed)
      );
    }
    if (CACHE_HEADERS.some((name) => field === `header ${name}`)) return true;
    // Of a render the Worker tells its client more than of a HIT.
    return (
      field.startsWith("header x-vinext-") &&
      page.seeded[0].headers.every(([name]) => `header ${name}` !== field)
    );
  },
};

/**
 * @param {Difference} difference
 * @param {Facts} facts
 * @returns {string | undefined} the id of what documents it
 */
export function meantBecause(difference, facts) {
  const found =
    difference.of === "entry"
      ? Object.entries(ENTRIES).find(([, isMeant]) => isMeant(difference, facts))
      : Object.entries(ANSWERS).find(([, isMeant]) => isMeant(difference, facts));
  return found?.[0];
}

/**
 * Whether the run warned that the seeded entries are never read.
 * @param {import("../../index.js").ProjectSeedResult} result
 */
export function isUnread({ warnings }) {
  return warnings.some((text) => text.includes("pass `env`"));
}

/** The ids that docs/differences.md has to explain. */
export const MEANT_IDS = [...Object.keys(ENTRIES), ...Object.keys(ANSWERS)];

/**
 * Whether all that only the seeded document shows stands if the build has left something to the
 * browser.
 * @param {string} seeded
 * @param {string} worker
 * @param {unknown} surplus
 */
function isLeftToTheBrowser(seeded, worker, surplus) {
  const boundary =
    /<!--\$!--><template data-dgst="BAILOUT_TO_CLIENT_SIDE_RENDERING"><\/template>(.*?)<!--\/\$-->/gsu;
  const fallbacks = [...seeded.matchAll(boundary)].flatMap(([, html = ""]) => documentTexts(html));
  const texts = /** @type {string[]} */ (surplus);
  return !boundary.test(worker) && texts.every((text) => fallbacks.includes(text));
}

/**
 * @param {any} value tags, or metadata with tags
 * @returns {string[]}
 */
function tagsIn(value) {
  return value?.tags ?? value ?? [];
}

/** @param {any} observation */
function isQueryUnread(observation) {
  const apis = observation?.requestApis ?? [];
  return apis.some(
    (/** @type {any} */ api) => api.kind === "searchParams" && api.status === "notObserved",
  );
}

/** @param {import("./observe.js").StoredEntry} [stored] */
function isStatic(stored) {
  return stored?.entry.revalidateAt === null;
}

/**
 * Whether the Worker's reply forbids caching the page.
 * @param {PageAnswers} [page]
 */
function dependsOnTheRequest(page) {
  return (
    page?.worker.every(
      ({ headers }) =>
        headers.some(([name, value]) => name === "cache-control" && value.includes("no-store")) &&
        headers.every(([name]) => name !== "x-vinext-cache"),
    ) ?? false
  );
}

/** @param {import("./observe.js").StoredEntry} [stored] */
function isStaleFromTheStart(stored) {
  return stored?.entry.revalidateAt === 0;
}

/** @param {import("./observe.js").Answer} answer */
function isStale(answer) {
  return cacheState(answer) === "STALE";
}

/** @param {EntryDifference} difference */
function isSeededOnly({ field, workerEntry }) {
  return field === "key" && workerEntry === undefined;
}

/** @param {PageAnswers} [page] */
function isHit(page) {
  return page?.seeded.every((answer) => cacheState(answer) === "HIT") ?? false;
}

/**
 * The page that an entry belongs to: by its key, or, where that is hashed, by the first of its tags, which
 * is the page's path unless a tag cannot be that.
 * @param {EntryDifference} difference
 * @param {PageAnswers[]} pages
 */
function pageOf({ where, seededEntry, workerEntry }, pages) {
  const { value, tags } = (seededEntry ?? workerEntry)?.entry ?? {};
  const kind =
    value?.kind === "APP_ROUTE" ? "route" : value?.rscData === undefined ? "html" : "rsc";
  const ofKind = pages.filter(({ request }) => request.kind === kind);
  return (
    ofKind.find(({ request }) => where.endsWith(`:${decoded(request.pathname)}:${kind}`)) ??
    ofKind.find(({ request }) => plain(request.pathname) === plain(tags?.[0] ?? ""))
  );
}

/** @param {string} pathname */
function plain(pathname) {
  return decoded(pathname).replace(/(?<=.)\/$/u, "");
}

/** @param {string} pathname */
function decoded(pathname) {
  return pathname.replaceAll(/(?:%[\da-f]{2})+/giu, (codes) => {
    try {
      return decodeURIComponent(codes);
    } catch {
      return codes;
    }
  });
}
