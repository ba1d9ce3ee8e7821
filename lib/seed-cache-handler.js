// `seedCacheHandler`: gives a build's pages to the `set` of a cache handler, with the arguments that
// vinext's own start-up uses.

import { seedHandler } from "./binding.js";
import { runForProject } from "./project.js";

/** How often `set` is called for an entry, unless the caller says otherwise. */
const DEFAULT_ATTEMPTS = 3;

/** How long a call of `set` may take, unless the caller says otherwise, in milliseconds. */
const DEFAULT_SET_MS = 30_000;

/** Lifetime of an entry that is stale from the start: the shortest that every handler takes. */
const SHORTEST_SECONDS = 1;

/** Members that are bytes, which JSON has in base64. */
const BINARY = { APP_PAGE: "rscData", APP_ROUTE: "body" };

/**
 * @param {import("../index.js").SeedCacheHandlerOptions} options
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedCacheHandler(options) {
  // The native code says what is wrong with options that are no object.
  if (options === null || typeof options !== "object") return seedHandler(options);
  const { handler, ...given } = options;
  checkHandler(handler);
  const setMs = given.timeouts?.requestMs ?? DEFAULT_SET_MS;
  const completed = {
    ...given,
    // The handler puts its own prefix before keys.
    appPrefix: "",
    retry: { attempts: DEFAULT_ATTEMPTS, ...given.retry },
    // Tells the project's rules that Workers KV is not what is filled.
    store: handler,
    set: (/** @type {import("../index.js").NativeEntry} */ entry) =>
      settleWithin(setMs, () => setEntry(handler, entry)),
  };
  return runForProject(seedHandler, completed);
}

/** @param {unknown} handler */
function checkHandler(handler) {
  const isObject = handler !== null && ["object", "function"].includes(typeof handler);
  if (!isObject) {
    const shown = handler === null ? "null" : typeof handler;
    throw wrong("handler", `must be a cache handler, an object with \`set\`, not ${shown}`);
  }
  const { set } = /** @type {{ set?: unknown }} */ (handler);
  if (typeof set === "function") return;
  const isFactory = typeof handler === "function";
  const hint = isFactory ? "; call the factory, or create the class, first" : "";
  throw wrong("handler", `has no method \`set\`${hint}`);
}

/**
 * Waits for a call, and says what came of it. Never rejects.
 * @param {number} milliseconds
 * @param {() => Promise<void>} call
 * @returns {Promise<import("../index.js").NativeSetOutcome>}
 */
async function settleWithin(milliseconds, call) {
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds, { timedOutAfterMs: milliseconds });
  });
  const called = call().then(
    () => ({}),
    (error) => ({ failure: textOf(error) }),
  );
  try {
    return await Promise.race([called, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {any} handler
 * @param {import("../index.js").NativeEntry} entry
 */
async function setEntry(handler, { key, value: json }) {
  const entry = JSON.parse(json.toString());
  await handler.set(key, valueOf(entry.value), contextOf(entry));
}

/**
 * The value as the runtime has it: bytes are an `ArrayBuffer`, and members without a value are there.
 * @param {any} value
 */
function valueOf(value) {
  if (value === null) return null;
  const member = BINARY[/** @type {keyof typeof BINARY} */ (value.kind)];
  const bytes = member === undefined ? undefined : value[member];
  if (value.kind === "APP_PAGE") {
    const { kind, html, headers, status } = value;
    const rscData = bytes === undefined ? undefined : arrayBufferOf(bytes);
    return { kind, html, rscData, headers, postponed: undefined, status };
  }
  if (value.kind === "APP_ROUTE") {
    return {
      ...value,
      body: arrayBufferOf(bytes),
      headers: value.headers ?? {},
      status: value.status ?? 200,
    };
  }
  return value;
}

/**
 * What the runtime says about a value: pages without `revalidate` have no lifetime at all, other entries
 * `false`.
 * @param {any} entry
 */
function contextOf({ value, tags, revalidateAt, cacheControl }) {
  const isPage = value?.kind === "APP_PAGE";
  const lifetime =
    revalidateAt === null
      ? undefined
      : (cacheControl ?? { revalidate: secondsUntil(revalidateAt) });
  if (!isPage) {
    const { revalidate = false, ...more } = lifetime ?? {};
    return { cacheControl: { revalidate, ...more }, revalidate, tags };
  }
  return {
    ...(lifetime === undefined ? {} : { revalidate: lifetime.revalidate, cacheControl: lifetime }),
    ...(tags.length > 0 ? { tags } : {}),
  };
}

/** @param {number} time in milliseconds since the epoch */
function secondsUntil(time) {
  return Math.max(SHORTEST_SECONDS, Math.round((time - Date.now()) / 1000));
}

/** @param {string} base64 */
function arrayBufferOf(base64) {
  const { buffer, byteOffset, byteLength } = Buffer.from(base64, "base64");
  return buffer.slice(byteOffset, byteOffset + byteLength);
}

/**
 * What was thrown, for the native code to sanitize. Anything can be thrown.
 * @param {unknown} thrown
 */
function textOf(thrown) {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something that is no text was thrown";
  }
}

/**
 * @param {string} option
 * @param {string} problem the rest of a sentence that begins with the option
 */
function wrong(option, problem) {
  return Object.assign(new Error(`option \`${option}\` ${problem}`), { code: "INVALID_OPTION" });
}
