// Compares the installed vinext's own key functions with ours, on a few paths, before anything is
// written.
//
// It gives no verdict if it cannot compare: versions before 0.0.49 export no key function, and a
// package may not run on this Node.

import { fileURLToPath } from "node:url";
import { explainRoute } from "./binding.js";
import { askReader } from "./reader.js";

const READER = fileURLToPath(new URL("./self-check-reader.js", import.meta.url));

/** How long importing two modules of vinext may take: tens of milliseconds, unless something hangs. */
const TIMEOUT_MS = 20_000;

/** The build id of the check, with awkward characters. */
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
 * A path with different keys.
 * @typedef {object} Difference
 * @property {string} path
 * @property {string} ours
 * @property {string} theirs
 */

/**
 * @param {import("./runtime.js").InstalledRuntime} runtime
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ difference?: Difference, problem?: string }>} a problem if their functions could
 *   not be asked
 */
export async function selfCheck({ versions, vinext, cloudflare }, signal) {
  const query = { buildId: BUILD_ID, runtime: versions };
  const shortest = shortestKey(query);
  if (shortest === undefined) return {};
  const routes = samplePaths(MAX_PLAIN_KEY - shortest.length + 1);
  const question = JSON.stringify({ vinext, cloudflare, buildId: BUILD_ID, routes });
  const place = { cwd: process.cwd(), env: process.env, signal, timeoutMs: TIMEOUT_MS };
  const answer = await askReader(READER, [question], place);
  if (!("found" in answer)) return { problem: answer.error };
  if (answer.found === null) return {};
  /** @type {import("./self-check-reader.js").TheirKeys[]} */
  const theirs = answer.found;
  for (const [index, route] of routes.entries()) {
    const ours = explainRoute({ ...query, route });
    for (const kind of /** @type {const} */ (["html", "rsc", "pages"])) {
      const { logicalKey, kvKey } = theirs[index]?.[kind] ?? {};
      const mine = kvKey === undefined ? ours[kind]?.logicalKey : ours[kind]?.kvKey;
      const other = kvKey ?? logicalKey;
      // Versions without either do not cache such pages, or are not seeded.
      const isCompared = kind !== "pages" || (mine !== undefined && other !== undefined);
      if (mine === other || !isCompared) continue;
      return { difference: { path: route, ours: String(mine), theirs: String(other) } };
    }
  }
  return {};
}

/**
 * @param {Omit<import("../index.js").RouteQuery, "route">} query
 * @returns {string | undefined} nothing if the format is not known, which the engine then says
 */
function shortestKey(query) {
  try {
    return explainRoute({ ...query, route: "/" }).html.logicalKey;
  } catch {
    return undefined;
  }
}
