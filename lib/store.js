// Parses a store: the option `store`, or the value of `--to`.
//
// Invariant: no message or result contains a URL that may hold a password.

import path from "node:path";
import { checkValue, invalidOption } from "./options/check.js";
import { STORE_OPTIONS } from "./options/store.js";
import { sanitize } from "./sanitized-text.js";

/** The default variable for the server of known adapters. */
const REDIS_URL_VARIABLE = "REDIS_URL";
const BUCKET_VARIABLE = "CACHE_BUCKET_NAME";

/** The key prefix of the public S3 handler for vinext. */
const DEFAULT_S3_PREFIX = "vinext-cache/";

const REDIS_URL = /^(?:rediss?|valkeys?):/u;

/** @typedef {import("./options/option.js").StoreType} StoreType */

/**
 * Types by the names that are accepted.
 * @type {Record<string, StoreType>}
 */
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
 * @property {string} shown for display, without credentials
 * @property {{ adapter?: string, options?: unknown }} [handler] of a store of type `handler`: what to load,
 *   if it is not what the Vite configuration says
 */

/**
 * @param {unknown} named an object with `type`, or a text as `--to` takes it
 * @param {string} root what directories are relative to
 * @returns {KnownStore}
 * @throws an error with the code `INVALID_OPTION`
 */
export function readStore(named, root) {
  const store = typeof named === "string" ? readText(named) : named;
  if (store === null || typeof store !== "object" || Array.isArray(store)) {
    throw invalidOption("store", `must be an object with \`type\`, or a string: ${FORMS}`);
  }
  const { type: typeName, ...given } = /** @type {Record<string, unknown>} */ (store);
  const type =
    typeof typeName === "string" && Object.hasOwn(TYPES, typeName) ? TYPES[typeName] : undefined;
  if (type === undefined) {
    const known = Object.keys(READERS).map((name) => `"${name}"`);
    throw invalidOption("store.type", `must be ${known.join(", ")}, not ${shownValue(typeName)}`);
  }
  const members = checkMembers(type, given);
  return { ...READERS[type](members, root), appPrefix: members.appPrefix };
}

/**
 * @param {StoreType} type
 * @param {Record<string, unknown>} given
 * @returns {Record<string, any>} those that are set
 */
function checkMembers(type, given) {
  const rows = STORE_OPTIONS.filter((row) => row.storeTypes?.includes(type));
  const set = Object.entries(given).filter(([name, value]) => {
    const row = rows.find((one) => one.name === `store.${name}`);
    if (row === undefined) {
      const has = rows.map((one) => one.name.slice("store.".length)).join(", ");
      throw invalidOption(
        `store.${sanitize(name)}`,
        `is unknown; a store of type ${type} has ${has}`,
      );
    }
    const isSet = value !== undefined && value !== null;
    if (isSet) checkValue(row, value);
    return isSet;
  });
  return Object.fromEntries(set);
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

/**
 * @param {Record<string, string>} members
 * @returns {KnownStore}
 */
function redisStore({ url: named, urlEnv: variable = REDIS_URL_VARIABLE }) {
  const url = named ?? process.env[variable];
  if (!url) throw invalidOption("store.url", `is missing; name it, or set ${sanitize(variable)}`);
  return { native: { type: "redis", url }, shown: withoutCredentials(url) };
}

/**
 * @param {Record<string, string>} members
 * @returns {KnownStore}
 */
function s3Store(members) {
  const { bucketEnv: variable = BUCKET_VARIABLE, prefix = DEFAULT_S3_PREFIX } = members;
  const { bucket = process.env[variable], endpoint, region } = members;
  if (!bucket) {
    throw invalidOption("store.bucket", `is missing; name it, or set ${sanitize(variable)}`);
  }
  return {
    native: { type: "s3", bucket, prefix, endpoint, region },
    shown: `s3://${bucket}/${prefix}`,
  };
}

/**
 * @param {Record<string, string>} members
 * @param {string} root
 * @returns {KnownStore}
 */
function directoryStore({ path: named }, root) {
  if (named === undefined) {
    throw invalidOption("store.path", "is missing; set it to the directory");
  }
  const directory = path.resolve(root, named);
  return { native: { type: "dir", path: directory }, shown: `dir:${directory}` };
}

/**
 * The project's own cache handler.
 * @param {Record<string, any>} members
 * @param {string} root
 * @returns {KnownStore}
 */
function handlerStore({ adapter: named, options }, root) {
  if (named === undefined) {
    if (options !== undefined) {
      throw invalidOption("store.options", "require `store.adapter`");
    }
    return { native: { type: "handler" }, shown: "handler", handler: {} };
  }
  const adapter = named.startsWith(".") ? path.resolve(root, named) : named;
  const shown = shownAdapter(adapter, root);
  return { native: { type: "handler" }, shown, handler: { adapter, options } };
}

/**
 * Names a cache handler for display.
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
