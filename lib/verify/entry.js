// Turns a sampled entry into a page that can be requested.

/** Members of a value that depend on the time of the run. */
const TIMES = new Set(["lastModified", "revalidateAt", "expireAt"]);

/**
 * @typedef {object} SampledEntry
 * @property {string} key
 * @property {string} value JSON
 */

/**
 * @typedef {object} SampledPage
 * @property {string} key
 * @property {"html" | "rsc" | "route"} kind
 * @property {string} pathname decoded, as it is in the key, behind its locale if it has one
 * @property {number} status
 * @property {Buffer} [body] missing where the entry does not hold it: the site renders its own 404 page
 * @property {boolean} revalidates whether it may be stale by now
 */

/**
 * The page of an entry; `undefined` if the key has a hash in place of the pathname, or a query.
 * @param {SampledEntry} entry
 * @param {string} buildId
 * @returns {SampledPage | undefined}
 */
export function pageOf({ key, value }, buildId) {
  const start = key.indexOf(`:${buildId}:`);
  const rest = key.slice(start + buildId.length + 2);
  if (key.slice(0, start).endsWith("pages:v2")) return pageOfPagesRouter(key, rest, value);
  const [, pathname = "", kind] =
    /^(\/.*):(html|rsc|route)(?::trailing-slash)?$/su.exec(rest) ?? [];
  if (kind === undefined || pathname.includes("?")) return undefined;
  const stored = JSON.parse(value);
  const { html, rscData, body = "", status } = stored.value;
  return {
    key,
    kind: /** @type {SampledPage["kind"]} */ (kind),
    pathname,
    status: status ?? 200,
    body: kind === "html" ? Buffer.from(html) : Buffer.from(rscData ?? body, "base64"),
    revalidates: stored.revalidateAt !== null && stored.revalidateAt !== undefined,
  };
}

/**
 * A page of the Pages Router. Every locale answers under its own prefix, the default one too.
 * @param {string} key
 * @param {string} rest of the key, after the build id
 * @param {string} json
 * @returns {SampledPage | undefined}
 */
function pageOfPagesRouter(key, rest, json) {
  const [, pathname, variant] = /^(\/.*?)(?:::i18n=([^/]*))?$/su.exec(rest) ?? [];
  if (pathname === undefined || pathname.includes("?")) return undefined;
  const locale = variant && decodeURIComponent(variant).replace("locale:", "/");
  const stored = JSON.parse(json);
  const { html, status, props } = stored.value ?? { status: 404 };
  return {
    key,
    kind: "html",
    pathname: locale ? locale + (pathname === "/" ? "" : pathname) : pathname,
    status: props?.pageProps.__N_REDIRECT_STATUS ?? status ?? 200,
    body: html === undefined ? undefined : Buffer.from(html),
    revalidates: stored.revalidateAt !== null,
  };
}

/**
 * How a stored value differs from the build's.
 * @param {string} stored
 * @param {string} expected
 * @returns {"same" | "rewritten" | "different"} `rewritten` if the Worker has rendered it since
 */
export function compareValues(stored, expected) {
  const ours = JSON.parse(expected);
  /** @type {any} */
  let theirs;
  try {
    theirs = JSON.parse(stored);
  } catch {
    return "different";
  }
  if (withoutTimes(theirs) === withoutTimes(ours)) return "same";
  const isPage = theirs?.value?.kind === ours.value?.kind;
  return isPage && theirs.lastModified > ours.lastModified ? "rewritten" : "different";
}

/** @param {any} value */
function withoutTimes(value) {
  return JSON.stringify(value, (name, member) => (TIMES.has(name) ? undefined : member));
}
