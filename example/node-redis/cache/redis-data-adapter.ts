// Keeps vinext's data cache in Redis, in the JSON that the KV adapter writes: any seeder of that format
// can fill it.

import { createClient } from "redis";
import { decodeEntry, encodeEntry } from "./entry.ts";

interface Options {
  /** The environment variable with the server's URL. */
  urlEnv?: string;
  /** Put in front of all keys, for several applications on one server. */
  appPrefix?: string;
  /** How long Redis keeps a page that revalidates, in seconds. */
  ttlSeconds?: number;
}

const DEFAULT_TTL_SECONDS = 30 * 24 * 3600;

/** How long the marker of an invalidated tag is kept, in seconds: as long as an entry may live. */
const TAG_TTL_SECONDS = DEFAULT_TTL_SECONDS;

class RedisCacheHandler {
  private readonly client;
  private readonly prefix: string;
  private readonly ttlSeconds: number;
  private connecting: Promise<unknown> | undefined;

  constructor(url: string, options: Options) {
    this.client = createClient({ url });
    // Without a listener a lost connection would end the process.
    this.client.on("error", (error) => console.error(`[redis cache] ${error}`));
    this.prefix = options.appPrefix ? `${options.appPrefix}:` : "";
    this.ttlSeconds = options.ttlSeconds ?? DEFAULT_TTL_SECONDS;
  }

  async get(key: string, context?: { softTags?: string[]; revalidate?: number }) {
    await this.connect();
    const stored = await this.client.get(`${this.prefix}cache:${key}`);
    const entry = stored === null ? undefined : decodeEntry(stored);
    if (entry === undefined) return null;
    const now = Date.now();
    if (entry.expireAt && now > entry.expireAt) return null;
    if (await this.isPurged([...entry.tags, ...(context?.softTags ?? [])], entry.lastModified)) {
      return null;
    }
    const wanted = context?.revalidate;
    const staleAt = Math.min(
      entry.revalidateAt ?? Infinity,
      wanted ? entry.lastModified + wanted * 1000 : Infinity,
    );
    const { value, lastModified, cacheControl } = entry;
    return { value, lastModified, cacheControl, ...(now > staleAt ? { cacheState: "stale" } : {}) };
  }

  async set(key: string, value: any, context?: Record<string, any>): Promise<void> {
    const entry = encodeEntry(value, context, Date.now());
    if (entry === undefined) return;
    await this.connect();
    const expiration = entry.revalidates
      ? ({ expiration: { type: "PX", value: this.ttlSeconds * 1000 } } as const)
      : {};
    await this.client.set(`${this.prefix}cache:${key}`, entry.json, expiration);
  }

  async revalidateTag(tags: string | string[]): Promise<void> {
    await this.connect();
    const now = String(Date.now());
    const expiration = { expiration: { type: "EX", value: TAG_TTL_SECONDS } } as const;
    await Promise.all(
      [tags].flat().map((tag) => this.client.set(this.tagKey(tag), now, expiration)),
    );
  }

  /** Closes the connection; a process that seeds would otherwise not end. */
  async close(): Promise<void> {
    if (this.client.isOpen) await this.client.close();
  }

  private connect() {
    return (this.connecting ??= this.client.connect().catch((error) => {
      this.connecting = undefined;
      throw error;
    }));
  }

  private async isPurged(tags: string[], lastModified: number): Promise<boolean> {
    if (tags.length === 0) return false;
    const times = await this.client.mGet(tags.map((tag) => this.tagKey(tag)));
    return times.some((time) => time !== null && Number(time) >= lastModified);
  }

  private tagKey(tag: string): string {
    return `${this.prefix}__tag:${tag}`;
  }
}

export default function redisDataAdapter({
  env,
  options = {},
}: {
  env?: Record<string, unknown>;
  options?: Options;
}): RedisCacheHandler {
  const name = options.urlEnv ?? "REDIS_URL";
  const url = env?.[name] ?? process.env[name];
  if (typeof url !== "string" || url === "") {
    throw new Error(`the Redis cache needs the server's URL in the variable ${name}`);
  }
  return new RedisCacheHandler(url, options);
}
