// Calls `set` of a cache handler, with the arguments that vinext's own start-up uses.

/** How often `set` is called for an entry, by default. */
export const DEFAULT_ATTEMPTS = 3;

/** How long a call of `set` may take by default, in milliseconds. */
export const DEFAULT_SET_MS = 30_000;

/** Lifetime of an entry that is stale from the start: the shortest that every handler accepts. */
const SHORTEST_SECONDS = 1;

/** Members that are bytes, in base64 in JSON. */
const BINARY = { APP_PAGE: "rscData", APP_ROUTE: "body" };

/**
 * @param {any} handler
 * @param {import("../index.js").NativeEntry} entry
 */
export async function setEntry(handler, { key, value: json }) {
  const entry = JSON.parse(json.toString());
  await handler.set(key, valueOf(entry.value), contextOf(entry));
}

/**
 * The value as the runtime passes it: bytes are an `ArrayBuffer`, and members without a value exist.
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
 * The runtime's context of a value: pages without `revalidate` have no lifetime, other entries `false`.
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
