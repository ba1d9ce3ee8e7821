// Compares our keys, tags and file names with a published vinext's own, on random routes.
//
// Everything that a URL and a file name can hold is generated; a case is never simplified because it failed.

import fc from "fast-check";
import { explainRoute } from "../../index.js";
import { Oracle } from "./client.js";

/** How many cases go to the oracle at a time. */
const CHUNK = 2_000;

const withoutSlashes = (/** @type {string} */ text) => text.replaceAll("/", "");

const segment = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .string({ unit: "grapheme", maxLength: 12 })
      .map((text) => encodeURIComponent(withoutSlashes(text))),
  },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }).map(withoutSlashes) },
  { weight: 2, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 8 }).map(withoutSlashes) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "%2F",
      "%2f",
      "%252F",
      "%5C",
      "%5c",
      "%23",
      "%3f",
      "%25",
      "%2525",
      "%",
      "%e0%a4",
      "%zz",
      "%E6%97",
      "%ED%A0%80",
      "%F0%9F%98%80",
      "%00",
      "%0A",
      "a%20b",
      "a+b",
      "a&b",
      "日本",
      "😀",
      "é",
      "é",
      "index",
      ".",
      "..",
      "...",
      "%2e%2e",
      "..x",
      "[slug]",
      "[...x]",
      "(group)",
      "@slot",
      ":x",
      "a:b",
      "a,b",
      "\\",
      "a\\b",
      "",
    ),
  },
);
const path = fc
  .tuple(fc.array(segment, { maxLength: 5 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join("/")}${slash ? "/" : ""}`);

/** Paths around the limits: 200 characters of a key, 512 bytes of a KV key. */
const longPath = fc
  .tuple(
    fc.constantFrom("x", "é", "日", "😀", "%C3%A9", "%E6%97%A5"),
    fc.integer({ min: 120, max: 530 }),
    path,
  )
  .map(([unit, length, tail]) => {
    const repeated = unit.repeat(Math.ceil(length / unit.length));
    return `/${unit.startsWith("%") ? repeated : repeated.slice(0, length - (length % unit.length))}${tail}`;
  });
/** The same with a key of exactly so many characters, whatever the build id. */
const exactLength = fc.integer({ min: 180, max: 220 });

const buildId = fc.oneof(
  { weight: 4, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "rel 1:ü/%x",
      "a",
      "v2",
      "build:with:colons",
      "日本",
      "i".repeat(300),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }) },
);
const appPrefix = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 475, max: 490 }).map((length) => "p".repeat(length)) },
  { weight: 1, arbitrary: fc.constantFrom("a:b", "長".repeat(160), "長".repeat(200)) },
);

const anyCase = fc
  .record({
    route: fc.oneof({ weight: 5, arbitrary: path }, { weight: 3, arbitrary: longPath }),
    exactLength: fc.option(exactLength, { freq: 6, nil: undefined }),
    buildId,
    appPrefix,
  })
  .map(({ route, exactLength, buildId, appPrefix }) => ({
    route:
      exactLength === undefined
        ? route
        : `/${"x".repeat(Math.max(1, exactLength - buildId.length))}`,
    buildId,
    appPrefix,
  }))
  .filter(({ route, buildId, appPrefix }) =>
    [route, buildId, appPrefix].every((text) => text.isWellFormed() && !text.includes("\0")),
  );

/** The file-system segments behind a pattern, as the build would have made it from them. */
const segmentsOf = (/** @type {string} */ route) => route.split("/").filter(Boolean);

/** Paths that name no file of the build; we refuse them, the prerenderer never writes them. */
const isUnsafe = (/** @type {string} */ route) =>
  route.startsWith("//") || /(?:^|\/)\.{1,2}(?:\/|$)|[\0\\]/u.test(route);

/**
 * @param {import("./client.js").Versions} versions
 * @param {number} cases
 * @param {number} seed
 * @returns {Promise<{ agreed: number, difference?: object }>}
 */
export async function compare(versions, cases, seed) {
  const oracle = new Oracle(versions);
  try {
    let agreed = 0;
    for (let chunk = 0; agreed < cases; chunk += 1) {
      const numRuns = Math.min(CHUNK, cases - agreed);
      const made = fc.sample(anyCase, { numRuns, seed: seed + chunk });
      const questions = made.map((one) => ({ ...one, segments: segmentsOf(one.route) }));
      const answers = await oracle.ask({ op: "explain", cases: questions });
      for (const [index, question] of questions.entries()) {
        const difference = differenceOf(versions, question, answers[index]);
        if (difference !== undefined) return { agreed, difference };
        agreed += 1;
      }
    }
    return { agreed };
  } finally {
    oracle.close();
  }
}

const I18N = { locales: ["en", "de", "zh-Hant"], defaultLocale: "en" };

/**
 * The same for keys of the Pages Router, on a site with one locale and on one with several.
 * @param {import("./client.js").Versions} versions
 * @param {number} cases
 * @param {number} seed
 * @returns {Promise<{ agreed: number, difference?: object }>}
 */
export async function comparePages(versions, cases, seed) {
  const oracle = new Oracle(versions);
  try {
    let agreed = 0;
    for (let chunk = 0; agreed < cases; chunk += 1) {
      const numRuns = Math.min(CHUNK, cases - agreed);
      const made = fc.sample(anyCase, { numRuns, seed: seed + chunk });
      const questions = made.map(({ route, buildId }, index) => {
        const prefix = ["", "/de", "/zh-Hant"][index % 3];
        // A question mark would begin the query of the URL that the locale is taken from.
        const pathname = route.replaceAll("?", "%3F");
        return { path: prefix && route === "/" ? prefix : prefix + pathname, buildId };
      });
      const answers = await oracle.ask({ op: "pagesKeys", cases: questions, i18n: I18N });
      for (const [index, { path: route, buildId }] of questions.entries()) {
        const query = { route, buildId, runtime: versions };
        const { alone, locale, localized } = answers[index];
        const ours = {
          alone: explainRoute(query).pages?.logicalKey,
          locale,
          localized: explainRoute({ ...query, locale }).pages?.logicalKey,
        };
        const theirs = { alone, locale, localized };
        if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
          return { agreed, difference: { versions, question: query, ours, theirs } };
        }
        agreed += 1;
      }
    }
    return { agreed };
  } finally {
    oracle.close();
  }
}

/**
 * @param {import("./client.js").Versions} versions
 * @param {{ route: string, buildId: string, appPrefix: string }} question
 * @param {any} theirs
 */
function differenceOf(versions, { route, buildId, appPrefix }, theirs) {
  // A pattern is made of file-system segments; these routes are concrete, so hide what would be
  // read as a parameter.
  const isPattern = segmentsOf(route).some((name) => name.startsWith(":"));
  const query = { route, buildId, appPrefix, runtime: versions };
  const ours = explainRoute(query);
  const slashed = explainRoute({ ...query, trailingSlash: true });
  const pairs = [
    ["pathname", ours.pathname, theirs.pathname],
    ["html key", ours.html.logicalKey, theirs.html],
    ["rsc key", ours.rsc.logicalKey, theirs.rsc],
    // An adapter that does not shorten names a key that KV refuses; we name none.
    ["KV key", ours.html.kvKey, Buffer.byteLength(theirs.kvKey) > 512 ? undefined : theirs.kvKey],
    ...(isPattern ? [] : [["tags", ours.tags, theirs.tags]]),
    ...(isUnsafe(route)
      ? [["files", [ours.html.file, ours.rsc.file], [undefined, undefined]]]
      : [["files", [ours.html.file, slashed.html.file, ours.rsc.file], theirs.files]]),
  ];
  for (const [what, mine, other] of pairs) {
    if (JSON.stringify(mine) !== JSON.stringify(other)) {
      return { versions, what, question: { route, buildId, appPrefix }, ours: mine, theirs: other };
    }
  }
  return undefined;
}
