// Parses a store: the option `store`, or the value of `--to`.
//
// Invariant: no message or result contains a URL that may hold a password.

import path from "node:path";
import { invalidOption } from "./options/check.js";
import { sanitize } from "./sanitized-text.js";

/** The default variable for the server of known adapters. */
const REDIS_URL_VARIABLE = "REDIS_URL";
const BUCKET_VARIABLE = "CACHE_BUCKET_NAME";

/** The key prefix of the public S3 handler for vinext. */
const DEFAULT_S3_PREFIX = "vinext-cache/";

const REDIS_URL = /^(?:rediss?|valkeys?):/u;

/** Members of each type of store, beside `type`. */
const MEMBERS = {
  redis: ["url", "urlEnv", "appPrefix"],
  s3: ["bucket", "bucketEnv", "prefix", "endpoint", "region", "appPrefix"],
  dir: ["path", "appPrefix"],
  handler: ["adapter", "options"],
};

/** Other names of these types. */
const TYPES = {
  redis: "redis",
  valkey: "redis",
  s3: "s3",
  dir: "dir",
  directory: "dir",
  handler: "handler",
};

const READERS = { redis: redisStore, s3: s3Store, dir: directoryStore, handler: handlerStore };

/** The forms of `--to`. */
const FORMS = "redis://…, rediss://…, s3://<bucket>/<prefix>, dir:<directory> or handler";

/**
 * A store in the native code's form, with its key prefix.
 * @typedef {object} KnownStore
 * @property {import("../index.js").NativeStore} native
 * @property {string} [appPrefix]
 * @property {string} shown for people, without credentials
 * @property {{ adapter?: string, options?: unknown }} [handler] of a store of type `handler`: what to load,
 *   if it is not what the Vite configuration says
 */

/**
 * @param {unknown} given an object with `type`, or a text as `--to` takes it
 * @param {string} root what directories are relative to
 * @returns {KnownStore}
 * @throws an error with the code `INVALID_OPTION`
 */
export function readStore(given, root) {
  const store = typeof given === "string" ? readText(given) : given;
  if (store === null || typeof store !== "object" || Array.isArray(store)) {
    throw invalidOption("store", `must be an object with \`type\`, or a string: ${FORMS}`);
  }
  const { type: named, ...members } = /** @type {Record<string, unknown>} */ (store);
  const type = TYPES[/** @type {keyof typeof TYPES} */ (named)];
  if (type === undefined) {
    const known = Object.keys(MEMBERS).map((name) => `"${name}"`);
    throw invalidOption("store.type", `must be ${known.join(", ")}, not ${shownValue(named)}`);
  }
  const allowed = MEMBERS[/** @type {keyof typeof MEMBERS} */ (type)];
  for (const [name, value] of Object.entries(members)) {
    if (!allowed.includes(name)) {
      const has = allowed.join(", ");
      throw invalidOption(
        `store.${sanitize(name)}`,
        `is unknown; a store of type ${type} has ${has}`,
      );
    }
    const isOptions = type === "handler" && name === "options";
    if (!isOptions && value !== undefined && value !== null && typeof value !== "string") {
      throw invalidOption(`store.${name}`, `must be a string, not ${typeof value}`);
    }
  }
  const texts = /** @type {Record<string, string | null | undefined>} */ (members);
  const appPrefix = texts.appPrefix ?? undefined;
  const read = READERS[/** @type {keyof typeof READERS} */ (type)];
  return { ...read(texts, root), appPrefix };
}

/**
 * @param {string} text
 * @returns {object}
 */
function readText(text) {
  if (REDIS_URL.test(text)) return { type: "redis", url: text };
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]*)\/?(.*)$/su.exec(text) ?? [];
  if (bucket !== undefined) {
    // As a directory: `s3://bucket/a` and `s3://bucket/a/` are the same.
    const directory = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    return { type: "s3", bucket, ...(directory === "" ? {} : { prefix: directory }) };
  }
  if (text === "handler") return { type: "handler" };
  if (text.startsWith("dir:")) return { type: "dir", path: text.slice("dir:".length) };
  // The part before the colon is not a secret; the rest may be.
  const [, scheme] = /^([a-z][a-z0-9+.-]{0,20}):/iu.exec(text) ?? [];
  const what = scheme === undefined ? "" : `, not ${scheme}:…`;
  throw invalidOption("store", `must be ${FORMS}${what}`);
}

/** @param {Record<string, string | null | undefined>} members */
function redisStore({ url: given, urlEnv }) {
  const variable = urlEnv ?? REDIS_URL_VARIABLE;
  const url = given ?? process.env[variable];
  if (url === undefined || url === "") {
    const missing = given === undefined || given === null ? "is missing" : "is empty";
    throw invalidOption("store.url", `${missing}; name it, or set ${sanitize(variable)}`);
  }
  return { native: { type: "redis", url }, shown: withoutCredentials(url) };
}

/** @param {Record<string, string | null | undefined>} members */
function s3Store({ bucket: given, bucketEnv, prefix, endpoint, region }) {
  const variable = bucketEnv ?? BUCKET_VARIABLE;
  const bucket = given ?? process.env[variable];
  if (bucket === undefined || bucket === "") {
    const missing = given === undefined || given === null ? "is missing" : "is empty";
    throw invalidOption("store.bucket", `${missing}; name it, or set ${sanitize(variable)}`);
  }
  const all = { bucket, prefix: prefix ?? DEFAULT_S3_PREFIX };
  return {
    native: { type: "s3", ...all, endpoint: endpoint ?? undefined, region: region ?? undefined },
    shown: `s3://${bucket}/${all.prefix}`,
  };
}

/**
 * @param {Record<string, string | null | undefined>} members
 * @param {string} root
 */
function directoryStore({ path: given }, root) {
  if (given === undefined || given === null || given === "") {
    throw invalidOption("store.path", "is missing; set it to the directory");
  }
  const directory = path.resolve(root, given);
  return { native: { type: "dir", path: directory }, shown: `dir:${directory}` };
}

/**
 * The project's own cache handler.
 * @param {Record<string, any>} members
 * @param {string} root
 */
function handlerStore({ adapter: given, options: named }, root) {
  const options = named ?? undefined;
  if (given === undefined || given === null) {
    if (options !== undefined) {
      throw invalidOption("store.options", "require `store.adapter`");
    }
    return { native: { type: "handler" }, shown: "handler", handler: {} };
  }
  if (given === "") throw invalidOption("store.adapter", "is empty; name the module");
  const adapter = given.startsWith(".") ? path.resolve(root, given) : given;
  const shown = shownAdapter(adapter, root);
  return { native: { type: "handler" }, shown, handler: { adapter, options } };
}

/**
 * A cache handler for people.
 * @param {string} adapter a path, or what a package exports
 * @param {string} root
 */
export function shownAdapter(adapter, root) {
  const home = path.resolve(root) + path.sep;
  return `handler ${adapter.startsWith(home) ? adapter.slice(home.length) : adapter}`;
}

/**
 * A URL for display. An invalid one is not shown; the native code reports it.
 * @param {string} text
 */
function withoutCredentials(text) {
  try {
    const url = new URL(text);
    return `${url.protocol}//${url.host}${/^\/\d+$/u.test(url.pathname) ? url.pathname : ""}`;
  } catch {
    return "redis";
  }
}

/** @param {unknown} value */
function shownValue(value) {
  return typeof value === "string" ? sanitize(JSON.stringify(value)) : typeof value;
}
