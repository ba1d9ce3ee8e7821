// The KV adapter's JSON of one cache entry.

/** Binary members, which JSON has in base64. */
const BINARY: Record<string, string> = { APP_PAGE: "rscData", APP_ROUTE: "body", IMAGE: "buffer" };

interface Entry {
  value: any;
  tags: string[];
  lastModified: number;
  revalidateAt: number | null;
  expireAt?: number | null;
  cacheControl?: { revalidate: number; expire?: number; stale?: number };
}

/** An entry as JSON; nothing for a page that must not be cached. */
export function encodeEntry(
  value: any,
  context: Record<string, any> | undefined,
  now: number,
): { json: string; revalidates: boolean } | undefined {
  const control = { ...context, ...context?.cacheControl };
  const revalidate = seconds(value?.revalidate ?? control.revalidate);
  const expire = seconds(control.expire);
  const stale = seconds(control.stale);
  if (revalidate === 0) return undefined;
  const entry: Entry = {
    value: withBinary(value, (data) => Buffer.from(data as ArrayBuffer).toString("base64")),
    tags: [...new Set<string>([...(value?.tags ?? []), ...(context?.tags ?? [])])],
    lastModified: now,
    revalidateAt: revalidate === undefined ? null : now + revalidate * 1000,
    expireAt: expire ? now + expire * 1000 : null,
    cacheControl: revalidate === undefined ? undefined : { revalidate, expire, stale },
  };
  return { json: JSON.stringify(entry), revalidates: revalidate !== undefined };
}

/** The entry in a text; nothing if it is none. */
export function decodeEntry(json: string): Entry | undefined {
  try {
    const entry = JSON.parse(json);
    if (typeof entry?.lastModified !== "number" || !Array.isArray(entry.tags)) return undefined;
    return { ...entry, value: withBinary(entry.value, arrayBufferOf) };
  } catch {
    return undefined;
  }
}

function withBinary(value: any, convert: (data: unknown) => unknown) {
  const member = BINARY[value?.kind];
  if (member === undefined || value[member] === undefined) return value;
  return { ...value, [member]: convert(value[member]) };
}

function arrayBufferOf(base64: unknown): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = Buffer.from(String(base64), "base64");
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function seconds(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
