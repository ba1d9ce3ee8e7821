// Our keys, tags and files against those of the installed vinext's own functions, on paths that a
// generator makes up. The generations other than the example's are held against recorded vectors
// in the engine's own tests.

import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { explainRoute } from "../index.js";

const EXAMPLE = fileURLToPath(new URL("../example/", import.meta.url));
const VINEXT = path.join(EXAMPLE, "node_modules/vinext");
const CLOUDFLARE = path.join(EXAMPLE, "node_modules/@vinext/cloudflare");
const version = (home: string): string => createRequire(EXAMPLE)(`${home}/package.json`).version;

/** The runtime's own functions. */
interface Runtime {
  appIsrCacheKey(pathname: string, suffix: string, buildId: string): string;
  normalizePregeneratedPathname(pathname: string): string;
  getOutputPath(pathname: string, trailingSlash: boolean): string;
  getRscOutputPath(pathname: string): string;
  buildPageCacheTags(pathname: string, extra: string[], segments: string[], leaf: string): string[];
  createKvKeySpace(appPrefix?: string): { entryKey(logicalKey: string): string };
}

let runtime: Runtime;

beforeAll(async () => {
  const load = (file: string) => import(pathToFileURL(file).href);
  runtime = {
    ...(await load(path.join(VINEXT, "dist/server/isr-cache.js"))),
    ...(await load(path.join(VINEXT, "dist/server/pregenerated-concrete-paths.js"))),
    ...(await load(path.join(VINEXT, "dist/utils/prerender-output-paths.js"))),
    ...(await load(path.join(VINEXT, "dist/server/implicit-tags.js"))),
    ...(await load(path.join(CLOUDFLARE, "dist/cache/kv-key.js"))),
  };
});

const segment = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => encodeURIComponent(text.replaceAll("/", ""))),
  fc.string({ unit: "binary-ascii", maxLength: 8 }).map((text) => text.replaceAll(/[/\0\\]/gu, "")),
  fc.constantFrom("%2F", "%2f", "%252F", "%5C", "%23", "%3f", "%", "%e0%a4", "%zz", "a%20b", "日本", "😀", "index", "..x", ":x"),
  fc.integer({ min: 100, max: 230 }).map((length) => "x".repeat(length)),
);
const pathname = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join("/")}${slash ? "/" : ""}`);
const buildId = fc.oneof(
  fc.uuid(),
  fc.constantFrom("rel 1:ü/%x", "a", "v2"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
  fc.constant("i".repeat(260)),
);
const appPrefix = fc.oneof(fc.constant(""), fc.string({ unit: "grapheme", maxLength: 20 }), fc.constant("長".repeat(200)));

function explain(route: string, more: { buildId?: string; appPrefix?: string; trailingSlash?: boolean } = {}) {
  const runtime = { vinext: version(VINEXT), cloudflare: version(CLOUDFLARE) };
  return explainRoute({ route, buildId: "b", runtime, ...more });
}

/** JavaScript's strings can have halves of characters. No URL can, and no file name. */
const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

describe("vinext's own functions agree with ours", () => {
  it("on keys", () => {
    fc.assert(
      fc.property(pathname, buildId, appPrefix, (given, id, prefix) => {
        fc.pre([given, id, prefix].every(isWellFormed));
        const ours = explain(given, { buildId: id, appPrefix: prefix });
        const theirs = runtime.normalizePregeneratedPathname(given);
        expect(ours.pathname).toBe(theirs);
        const space = runtime.createKvKeySpace(prefix);
        for (const [kind, place] of [["html", ours.html], ["rsc", ours.rsc]] as const) {
          const logicalKey = runtime.appIsrCacheKey(theirs, kind, id);
          expect(place.logicalKey).toBe(logicalKey);
          expect(place.kvKey).toBe(space.entryKey(logicalKey));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("on files", () => {
    fc.assert(
      fc.property(pathname, fc.boolean(), (given, trailingSlash) => {
        const isUnsafe = given.startsWith("//") || /(?:^|\/)\.{1,2}(?:\/|$)|[\0\\]/u.test(given);
        fc.pre(isWellFormed(given) && !isUnsafe);
        const ours = explain(given, { trailingSlash });
        expect(ours.html.file).toBe(runtime.getOutputPath(given, trailingSlash));
        expect(ours.rsc.file).toBe(runtime.getRscOutputPath(given));
      }),
      { numRuns: 5000 },
    );
  });

  it("on tags", () => {
    fc.assert(
      fc.property(pathname, (given) => {
        fc.pre(isWellFormed(given) && !given.includes(":"));
        const ours = explain(given);
        const segments = given.split("/").filter(Boolean);
        const theirs = runtime.buildPageCacheTags(ours.pathname, [], segments, "page");
        // What the adapter keeps of them.
        const kept = theirs.filter((tag) => tag.length <= 256 && !/[\x00-\x1f\\:]/u.test(tag));
        expect(ours.tags).toEqual(kept);
      }),
      { numRuns: 5000 },
    );
  });
});
