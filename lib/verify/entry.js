// An entry of the sample, as a page that can be asked for.

/** What a value has that depends on the moment of the run. */
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
 * @property {string} pathname decoded, as it is in the key
 * @property {number} status
 * @property {Buffer} body
 * @property {boolean} revalidates whether it may be stale by now
 */

/**
 * The page that an entry is of; nothing where the key has a hash in place of the pathname, or a query.
 * @param {SampledEntry} entry
 * @param {string} buildId
 * @returns {SampledPage | undefined}
 */
export function pageOf({ key, value }, buildId) {
  const rest = key.slice(key.indexOf(`:${buildId}:`) + buildId.length + 2);
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
 * How a stored value differs from that of the build.
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
  const isPage = theirs?.value?.kind === ours.value.kind;
  return isPage && theirs.lastModified > ours.lastModified ? "rewritten" : "different";
}

/** @param {any} value */
function withoutTimes(value) {
  return JSON.stringify(value, (name, member) => (TIMES.has(name) ? undefined : member));
}
