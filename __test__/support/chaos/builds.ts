// Random small builds, with the keys and contents that a fault-free run stores for them.
//
// No two keys of a build have the same content: each text starts with its file name.

import { readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { explainRoute } from "../../../index.js";
import { BUILD_ID, buildOf, payload, rendered } from "../build.js";
import { TARGET, seed } from "../seed.js";
import type { Dice } from "./dice.js";
import type { Content, Namespace } from "./namespace.js";

const MAX_ROUTES = 40;
const MAX_ARTIFACT_BYTES = 50_000;

/** Older than any run: `lastModified` is then the same in all of them. */
const RENDERED_AT = new Date("2026-01-02T03:04:05Z");

/** All that JSON escapes, and what it does not. */
const TEXT = '<p class="é">日本 \\ \u2028 😀 & plain text, which is most of a page,\n\t\u0001</p>';
const LONG_TEXT = Buffer.from(TEXT.repeat(Math.ceil(MAX_ARTIFACT_BYTES / Buffer.byteLength(TEXT))));

export interface Build {
  root: string;
  /** The manifest's text. */
  manifest: string;
  /** The keys of each route in the manifest's order, the main one first; none if it is skipped. */
  keys: string[][];
  /** What a run without faults stores. */
  content: Content;
  /** The names of the skipped routes. */
  skipped: string[];
}

type Route = ReturnType<typeof rendered> & { path?: string };

/** Writes a build, and stores it once as it should be. */
export async function makeBuild(
  dice: Dice,
  namespace: Namespace,
  apiBaseUrl: string,
): Promise<Build> {
  const files: Record<string, string | Uint8Array> = {};
  const routes = Array.from({ length: dice.small(1, MAX_ROUTES) }, (_, index) =>
    makeRoute(dice, index, files),
  );
  const root = buildOf(routes, files);
  const manifest = readFileSync(manifestOf(root), "utf-8");
  utimesSync(manifestOf(root), RENDERED_AT, RENDERED_AT);

  const result = await seed({ root, apiBaseUrl, namespaceId: namespace.id });
  const content = await namespace.read();
  await namespace.clear(content.keys());
  const keys = routes.map(({ route, path, router }) => {
    const query = { route, buildId: BUILD_ID, runtime: TARGET.runtime };
    const { html, rsc, metadata } = explainRoute(path === undefined ? query : { ...query, path });
    const places = router === "metadata" ? [metadata] : [html, rsc];
    return places.map(({ kvKey }) => String(kvKey)).filter((key) => content.has(key));
  });
  const skipped = result.routesSkipped.map((skipped) => skipped.path ?? skipped.route);
  if (keys.flat().length !== content.size || result.kvPairsUploaded !== content.size) {
    throw new Error(`${content.size} entries are stored, ${keys.flat().length} are looked up`);
  }
  return { root, manifest, keys, content, skipped };
}

/** Replaces a build's manifest, as another build would; pages of the other are tagged. */
export function replaceManifest({ root, manifest }: Build) {
  const { routes, ...rest } = JSON.parse(manifest);
  const others = routes.toReversed().map((route: object) => ({ ...route, tags: ["other"] }));
  writeManifest(root, JSON.stringify({ ...rest, routes: others }));
}

/** Reverts that. */
export function restoreManifest({ root, manifest }: Build) {
  writeManifest(root, manifest);
}

function writeManifest(root: string, content: string) {
  const written = `${manifestOf(root)}.new`;
  writeFileSync(written, content);
  utimesSync(written, RENDERED_AT, RENDERED_AT);
  renameSync(written, manifestOf(root));
}

function manifestOf(root: string): string {
  return path.join(root, "dist", "server", "vinext-prerender.json");
}

function makeRoute(dice: Dice, index: number, files: Record<string, string | Uint8Array>): Route {
  const revalidate = dice.one([false, 60, 0.5, 3600]);
  const extra = dice.chance(0.3) ? { expire: 7200, tags: ["a", `é${index}`] } : {};
  const more = { revalidate, ...extra };
  const artifact = (file: string) => {
    const text = LONG_TEXT.subarray(0, dice.small(0, MAX_ARTIFACT_BYTES));
    // Cut anywhere, also within a character.
    const isPayload = file.endsWith(".rsc");
    files[file] = isPayload
      ? Buffer.concat([Buffer.from(`${payload(file)}2:T${text.length.toString(16)},`), text])
      : Buffer.concat([Buffer.from(file), text]);
  };
  if (dice.chance(0.1)) {
    return rendered(`/cart-${index}`, { status: "skipped", reason: "dynamic" });
  }
  if (dice.chance(0.1)) {
    artifact(`map-${index}.xml.route`);
    const headers = { "content-type": "application/xml" };
    return rendered(`/map-${index}.xml`, { ...more, router: "metadata", headers });
  }
  const name = `${dice.one(["page", "seite/日本", "a b", "long/".repeat(50)])}-${index}`;
  const concrete = `/${name.split("/").map(encodeURIComponent).join("/")}`;
  if (dice.chance(0.95)) artifact(`${concrete.slice(1)}.html`);
  if (dice.chance(0.7)) artifact(`${concrete.slice(1)}.rsc`);
  return dice.chance(0.5)
    ? rendered("/posts/:slug*", { ...more, path: concrete })
    : rendered(concrete, more);
}
