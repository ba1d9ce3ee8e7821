// The stores of `npm run bench -- --store`: each is started empty for a run, and says afterwards what is in it.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { GetObjectCommand, S3Client, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { Redis } from "ioredis";
import { findRedisServer } from "../scripts/redis-server.js";
import { startSink } from "./rig.js";

const REAL_S3 = fileURLToPath(new URL("../__test__/s3/server.js", import.meta.url));

const BUCKET = "cache";

/** The package's default, which the other gets too. */
const PREFIX = "vinext-cache/";

/** What the real server takes; the sink takes any. */
const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/** Keys that are read at a time. */
const KEYS_AT_A_TIME = 200;

/** What in a value depends on when it was seeded, and how far from its end that is at most, in bytes. */
const MOMENTS = /"(?<name>revalidateAt|expireAt)":\d+/gu;
const TAIL_BYTES = 512;

/** The key of the package's record of a build, which others do not write. */
const RECORD = /vinext-seed(?::|%3a)build/u;

/**
 * @typedef {{ entries: number, digest: string }} Content
 * @typedef {{
 *   store: string, environment?: NodeJS.ProcessEnv,
 *   content: () => Promise<Content>, stop: () => Promise<void>,
 * }} Target
 * @typedef {{ title: string, other: string, otherTitle: string, start: () => Promise<Target> }} StoreKind
 */

/** Each store, and what the package is compared with. */
export const STORES = /** @type {const} @satisfies {Record<string, StoreKind>} */ ({
  redis: {
    title: "a Redis server in a separate process, without persistence",
    other: "ioredis",
    otherTitle: "ioredis, pipelines of 1 MB, four in flight",
    start: startRedis,
  },
  s3: {
    title:
      "not a real S3 server: one in Rust that reads every object, checks its length, hashes it, answers with an " +
      "ETag, and keeps nothing; signatures are not checked",
    other: "aws-sdk",
    otherTitle: "AWS SDK v3, 50 objects at a time",
    start: startObjectSink,
  },
  s3rver: {
    title: "s3rver, the real S3 server of the tests, in JavaScript: it is slower than both clients",
    other: "aws-sdk",
    otherTitle: "AWS SDK v3, 50 objects at a time",
    start: startS3rver,
  },
  dir: {
    title:
      "a directory in $TMPDIR; the package writes each file under another name and renames it, the other in place",
    other: "write-file",
    otherTitle: "fs.promises.writeFile, 50 entries at a time",
    start: startDirectory,
  },
});

/** @typedef {keyof typeof STORES} StoreName */

/** @returns {Promise<Target>} */
async function startRedis() {
  const server = findRedisServer();
  if (server === undefined)
    throw new Error("there is no Redis server; see scripts/redis-server.js");
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = /** @type {net.AddressInfo} */ (listener.address());
  listener.close();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn(server, args, { stdio: "ignore", cwd: os.tmpdir() });
  const redis = new Redis({ port, retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  await redis.ping();
  return {
    store: `redis://127.0.0.1:${port}`,
    content: async () => {
      const values = new Values();
      for await (const keys of redis.scanStream({ count: 1000 })) {
        for (let first = 0; first < keys.length; first += KEYS_AT_A_TIME) {
          const some = keys.slice(first, first + KEYS_AT_A_TIME);
          const pipeline = redis.pipeline();
          for (const key of some) pipeline.getBuffer(key).pttl(key);
          const replies = (await pipeline.exec()) ?? [];
          for (const [at, key] of some.entries()) {
            const [value, staysMs] = [replies[2 * at]?.[1], Number(replies[2 * at + 1]?.[1])];
            values.add(key, /** @type {Buffer} */ (value), staysMs / 1000);
          }
        }
      }
      return values.sum();
    },
    stop: async () => {
      redis.disconnect();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** @returns {Promise<Target>} */
async function startObjectSink() {
  const sink = await startSink(["--objects"]);
  return {
    ...bucketAt(new URL(sink.apiBase).origin),
    content: async () => {
      const { requests, digest } = await sink.tally();
      return { entries: requests, digest };
    },
    stop: async () => void sink.stop(),
  };
}

/** @returns {Promise<Target>} */
async function startS3rver() {
  if (!existsSync(path.join(path.dirname(REAL_S3), "node_modules"))) {
    throw new Error("s3rver is not installed; run `node scripts/prepare.js __test__/s3`");
  }
  const child = spawn(process.execPath, [REAL_S3], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(child.stdout.setEncoding("utf-8"), "data");
  const endpoint = String(line).trim();
  const options = { endpoint, credentials: CREDENTIALS, region: "us-east-1", forcePathStyle: true };
  const client = new S3Client(options);
  return {
    ...bucketAt(endpoint),
    content: async () => {
      const values = new Values();
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client },
        { Bucket: BUCKET, Prefix: PREFIX },
      )) {
        for (const { Key = "" } of Contents) {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
          values.add(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
        }
      }
      return values.sum();
    },
    stop: async () => {
      client.destroy();
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

/** @param {string} endpoint */
function bucketAt(endpoint) {
  return {
    store: `s3://${BUCKET}/${PREFIX}`,
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
  };
}

/** @returns {Promise<Target>} */
async function startDirectory() {
  const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-store-"));
  return {
    store: `dir:${directory}`,
    content: async () => {
      const values = new Values();
      const expiries = new Map();
      const read = (/** @type {string} */ name) => readFileSync(path.join(directory, name));
      const names = readdirSync(directory);
      for (const name of names.filter((name) => name.endsWith(".expires"))) {
        expiries.set(name.replace(".expires", ".value"), Number(read(name)) - Date.now() / 1000);
      }
      for (const name of names.filter((name) => name.endsWith(".value"))) {
        values.add(name, read(name), expiries.get(name));
      }
      return values.sum();
    },
    stop: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Digests of keys, values and lifetimes, without what depends on the time of seeding. */
class Values {
  /** @type {string[]} */
  #digests = [];

  /**
   * @param {string} key
   * @param {Buffer} value
   * @param {number} [staysSeconds] until it expires, below 0 for never
   */
  add(key, value, staysSeconds = -1) {
    if (RECORD.test(key)) return;
    const tailAt = Math.max(0, value.length - TAIL_BYTES);
    const tail = value.toString("latin1", tailAt).replaceAll(MOMENTS, '"$<name>":0');
    const stays = staysSeconds < 0 ? "for good" : `${Math.round(staysSeconds / 3600)} h`;
    const digest = createHash("sha1").update(value.subarray(0, tailAt)).update(tail, "latin1");
    this.#digests.push(`${key} ${stays} ${digest.digest("hex")}`);
  }

  /** @returns {Content} */
  sum() {
    const sum = createHash("sha1");
    for (const digest of this.#digests.sort()) sum.update(digest);
    return { entries: this.#digests.length, digest: sum.digest("hex") };
  }
}
