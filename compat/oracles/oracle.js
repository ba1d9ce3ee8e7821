// Answers questions with the functions of one published vinext, in a separate process.
//
// Versions are arguments; each line of standard input is a question and each line of standard output an
// answer, as JSON. Keys, tags, file names and stored values come from the package itself: imported where it
// exports them, extracted from its source where it does not. Each version gets its own process because they
// share global state under the same names.

import { existsSync, readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { toLine } from "./line.js";

const HOME = path.dirname(fileURLToPath(import.meta.url));
const [vinextVersion = "", cloudflareVersion = ""] = process.argv.slice(2);
const vinext = path.join(HOME, "node_modules", `vinext-${vinextVersion}`);
const cloudflare =
  cloudflareVersion && path.join(HOME, "node_modules", `cloudflare-${cloudflareVersion}`);

// The adapter imports `vinext/…`; under an alias only this process knows which one is meant.
const exportsOfVinext = createRequire(path.join(vinext, "package.json"));
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith("vinext/")) return next(specifier, context);
    const { name } = exportsOfVinext("./package.json");
    // Resolved from inside the package, a package may refer to itself by its own name.
    const parentURL = pathToFileURL(path.join(vinext, "package.json")).href;
    return next(specifier.replace("vinext", name), { ...context, parentURL });
  },
});
// Nothing here runs in a request; the handler registers deletions with a context if there is one.
console.error = () => {};
console.warn = () => {};

const keys = await keyFunctions();
const names = await nameFunctions();
const Handler = await kvHandler();

const answers = {
  explain: (/** @type {any} */ { cases }) => Promise.all(cases.map(explain)),
  get,
  observe,
  pagesKeys,
  pagesValues,
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { op, ...question } = JSON.parse(line);
  const answer = await answers[/** @type {keyof typeof answers} */ (op)](
    /** @type {any} */ (question),
  );
  process.stdout.write(toLine(answer));
}

/**
 * Where the runtime looks for a page.
 * @param {{ route: string, segments: string[], buildId: string, appPrefix: string }} question
 */
async function explain({ route, segments, buildId, appPrefix }) {
  const pathname = keys.normalize(route);
  const html = keys.key(pathname, "html", buildId);
  const rsc = keys.key(pathname, "rsc", buildId);
  const tags = keys.tags(pathname, segments);
  const stored = await storedBy(appPrefix, html, tags);
  return {
    pathname,
    html,
    rsc,
    kvKey: stored.key,
    tags: stored.tags,
    files: [names.html(route, false), names.html(route, true), names.rsc(route)],
  };
}

/**
 * The key and tags that the KV adapter itself stores for a page.
 * @param {string} appPrefix
 * @param {string} logicalKey
 * @param {string[]} tags
 */
async function storedBy(appPrefix, logicalKey, tags) {
  let stored = { key: "", tags: [] };
  const namespace = {
    put: async (/** @type {string} */ key, /** @type {string} */ value) => {
      stored = { key, tags: JSON.parse(value).tags };
    },
  };
  const handler = new Handler(namespace, { appPrefix });
  await handler.set(logicalKey, { kind: "APP_PAGE", html: "x" }, { tags });
  return stored;
}

/**
 * Where the runtime looks for pages of the Pages Router, by what is requested.
 * @param {{ cases: { path: string, buildId: string }[],
 *   i18n: { locales: string[], defaultLocale: string } }} question
 */
async function pagesKeys({ cases, i18n }) {
  const { pagesIsrCacheKey } = await load(vinext, "dist/server/isr-cache.js");
  const { extractLocaleFromUrl } = await load(vinext, "dist/server/pages-i18n.js");
  return cases.map(({ path, buildId }) => {
    const { locale, url } = extractLocaleFromUrl(path, i18n);
    return {
      alone: pagesIsrCacheKey(path, buildId, null),
      locale,
      localized: pagesIsrCacheKey(url, buildId, `locale:${locale}`),
    };
  });
}

/**
 * What the runtime stores for pages of the Pages Router.
 * @param {{ pages: { html: string, pageData: object, status: number }[] }} question
 */
async function pagesValues({ pages }) {
  const { buildPagesCacheValue } = await load(vinext, "dist/server/isr-cache.js");
  return pages.map(({ html, pageData, status }) =>
    JSON.stringify(buildPagesCacheValue(html, pageData, status)),
  );
}

/**
 * What the runtime reads from stored pairs.
 * @param {{ appPrefix: string, pairs: Record<string, string>, logicalKeys: string[], now: number }} question
 */
async function get({ appPrefix, pairs, logicalKeys, now }) {
  const deleted = /** @type {string[]} */ ([]);
  const stored = new Map(Object.entries(pairs));
  const namespace = {
    get: async (/** @type {string | string[]} */ key) =>
      Array.isArray(key)
        ? new Map(key.map((one) => [one, stored.get(one) ?? null]))
        : (stored.get(key) ?? null),
    getWithMetadata: async (/** @type {string} */ key) => ({
      value: stored.get(key) ?? null,
      metadata: null,
    }),
    delete: async (/** @type {string} */ key) => void deleted.push(key),
  };
  const realNow = Date.now;
  Date.now = () => now;
  try {
    const handler = new Handler(namespace, { appPrefix });
    const entries = [];
    for (const key of logicalKeys) {
      const entry = await handler.get(key, {});
      entries.push(entry && { ...entry, value: withText(entry.value) });
    }
    return { entries, deleted };
  } finally {
    Date.now = realNow;
  }
}

/**
 * What the handler does with stored pairs and their metadata, step by step: reads, an invalidated tag,
 * an invalidated path.
 * @param {{ pairs: { key: string, value: string, metadata: unknown }[], logicalKeys: string[],
 *   tag: string, pathPrefix: string }} question
 */
async function observe({ pairs, logicalKeys, tag, pathPrefix }) {
  const kv = new Map(pairs.map(({ key, value, metadata }) => [key, { value, metadata }]));
  const value = (/** @type {string} */ key) => kv.get(key)?.value ?? null;
  const both = (/** @type {string} */ key) => ({
    value: value(key),
    metadata: kv.get(key)?.metadata ?? null,
  });
  const each = (/** @type {string | string[]} */ key, /** @type {(key: string) => any} */ read) =>
    Array.isArray(key) ? new Map(key.map((one) => [one, read(one)])) : read(key);
  const namespace = {
    get: async (/** @type {any} */ key) => each(key, value),
    getWithMetadata: async (/** @type {any} */ key) => each(key, both),
    put: async (
      /** @type {string} */ key,
      /** @type {string} */ text,
      /** @type {any} */ options,
    ) => void kv.set(key, { value: text, metadata: options?.metadata }),
    delete: async (/** @type {string} */ key) => void kv.delete(key),
    list: async (/** @type {any} */ { prefix = "" } = {}) => ({
      keys: [...kv]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { metadata }]) => ({ name, metadata })),
      list_complete: true,
    }),
  };
  const steps = /** @type {unknown[]} */ ([]);
  const read = async () => {
    // A new handler remembers no tags.
    const handler = new Handler(namespace, {});
    for (const key of logicalKeys) {
      const entry = await handler.get(key, {});
      steps.push(entry && { ...entry, value: withText(entry.value) });
    }
    steps.push([...kv.keys()]);
  };
  await read();
  const handler = new Handler(namespace, {});
  await handler.revalidateTag(tag);
  await read();
  await handler.revalidateByPathPrefix?.(pathPrefix);
  await read();
  return { steps, revalidatesPaths: handler.revalidateByPathPrefix !== undefined };
}

/** @param {any} value */
function withText(value) {
  const text = (/** @type {any} */ bytes) =>
    bytes instanceof ArrayBuffer ? { base64: Buffer.from(bytes).toString("base64") } : bytes;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, text(member)]));
}

async function keyFunctions() {
  const isr = await load(vinext, "dist/server/isr-cache.js");
  const { normalizePathnameForRouteMatch } = await load(vinext, "dist/routing/utils.js");
  const { normalizePath } = await load(vinext, "dist/server/normalize-path.js");
  const normalize = (/** @type {string} */ route) =>
    normalizePath(normalizePathnameForRouteMatch(route));
  if (isr.appIsrHtmlKey) {
    const { buildPageCacheTags } = await load(vinext, "dist/server/implicit-tags.js");
    return {
      normalize,
      key: (
        /** @type {string} */ pathname,
        /** @type {string} */ kind,
        /** @type {string} */ id,
      ) => {
        process.env.__VINEXT_BUILD_ID = id;
        return kind === "html" ? isr.appIsrHtmlKey(pathname) : isr.appIsrRscKey(pathname);
      },
      tags: (/** @type {string} */ pathname, /** @type {string[]} */ segments) =>
        buildPageCacheTags(pathname, [], segments, "page"),
    };
  }
  // Up to 0.0.45 these functions are part of the Worker's generated code.
  const { generateRscEntry } = await load(vinext, "dist/entries/app-rsc-entry.js");
  const code = generateRscEntry("/app", [], null, [], null, "", false, {});
  const cut = ["__isrFnv1a64", "__isrCacheKey", "__pageCacheTags"].map((name) =>
    functionOf(code, name),
  );
  const [isrCacheKey, pageCacheTags] = new Function(
    `${cut.join("\n")}; return [__isrCacheKey, __pageCacheTags];`,
  )();
  return {
    normalize,
    key: (/** @type {string} */ pathname, /** @type {string} */ kind, /** @type {string} */ id) => {
      process.env.__VINEXT_BUILD_ID = id;
      return isrCacheKey(pathname, kind);
    },
    tags: (/** @type {string} */ pathname) => pageCacheTags(pathname, []),
  };
}

async function nameFunctions() {
  const exported = await load(vinext, "dist/utils/prerender-output-paths.js");
  if (exported.getOutputPath) {
    return {
      html: exported.getOutputPath,
      rsc: (/** @type {string} */ route) => exported.getRscOutputPath(route),
    };
  }
  // Up to 0.0.50 they are in the prerenderer, which needs Vite to be imported.
  const source = readFileSync(path.join(vinext, "dist/build/prerender.js"), "utf-8");
  const cut = ["getOutputPath", "getRscOutputPath"].map((name) => functionOf(source, name));
  const [html, rsc] = new Function(
    `${cut.join("\n")}; return [getOutputPath, getRscOutputPath];`,
  )();
  return { html, rsc };
}

async function kvHandler() {
  const places = [
    [cloudflare, "dist/cache/kv-data-adapter.runtime.js"],
    [vinext, "dist/packages/cloudflare/src/cache/kv-data-adapter.runtime.js"],
    [vinext, "dist/cloudflare/src/cache/kv-data-adapter.runtime.js"],
    [vinext, "dist/cloudflare/kv-cache-handler.js"],
  ];
  for (const [home, file] of places) {
    const { KVCacheHandler } = home ? await load(home, /** @type {string} */ (file)) : {};
    if (KVCacheHandler) return KVCacheHandler;
  }
  throw new Error(`vinext ${vinextVersion} has no KV handler that can be imported`);
}

/**
 * @param {string} home
 * @param {string} file
 * @returns {Promise<Record<string, any>>} nothing in it if there is no such file
 */
async function load(home, file) {
  const place = path.join(home, file);
  return existsSync(place) ? import(pathToFileURL(place).href) : {};
}

/**
 * Cuts a function declaration out of source text: up to the first line that closes it.
 * @param {string} source
 * @param {string} name
 */
function functionOf(source, name) {
  const start = source.indexOf(`function ${name}(`);
  const end = source.indexOf("\n}", start);
  if (start < 0 || end < 0) throw new Error(`no function ${name} in vinext ${vinextVersion}`);
  return source.slice(start, end + 2);
}
