// `npm run demo -- redis`: serves a site with `vinext start` that keeps its pages in Redis, unseeded and
// seeded, and compares.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seedCache } from "../index.js";
import { findRedisServer } from "./redis-server.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SITE = path.join(ROOT, "example", "node-redis");
const VINEXT = path.join(SITE, "node_modules", "vinext", "dist", "cli.js");

/** How long a server may take to answer, in milliseconds. */
const START_MS = 60_000;

const server = findRedisServer();
if (server === undefined) {
  throw new Error("there is no Redis server; see scripts/redis-server.js");
}
const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-demo-"));
/** @type {Set<import("node:child_process").ChildProcess>} */
const children = new Set();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.once(signal, () => process.exit(1));
}

step("Building the example with vinext, pages pre-rendered");
run([path.join(ROOT, "scripts", "prepare.js"), "example/node-redis"], ROOT);
run([VINEXT, "build"], SITE);

const redisPort = await freePort();
const url = `redis://127.0.0.1:${redisPort}`;
start(server, ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--dir", scratch]);

const paths = ["/", "/posts/post-1", "/posts/post-2", "/posts/post-3", "/news"];
step("Serving it with `vinext start`, from an empty Redis");
const before = await whileServing(url, firstRequests);

step("Seeding another, empty database of that Redis");
const seededUrl = `${url}/1`;
const { seededRoutes, kvPairsUploaded, durationMs } = await seedCache({
  root: SITE,
  store: seededUrl,
});
console.log(`  ${seededRoutes} routes, ${kvPairsUploaded} entries, ${durationMs} ms`);

step("Serving it from the seeded one");
const { after, purged } = await whileServing(seededUrl, async (origin) => {
  const answers = await firstRequests(origin);
  await fetch(`${origin}/api/revalidate?tag=news`, { method: "POST" });
  return { after: answers, purged: await cacheState(origin, "/news") };
});

step("Serving it once more, after a restart");
const restarted = await whileServing(seededUrl, firstRequests);

console.log();
for (const [index, page] of paths.entries()) {
  const states = [before[index], after[index], restarted[index]].map((state) => state?.padEnd(6));
  console.log(`  ${page.padEnd(16)}${states.join("")}`);
}
console.log(`  /news after revalidateTag("news"): ${purged}`);
const hits = after.filter((state) => state === "HIT").length;
const kept = restarted.slice(0, -1).filter((state) => state === "HIT").length;
console.log(`\n${hits}/${paths.length} pages HIT on the first request`);
const isShown =
  before.every((state) => state === "MISS") &&
  hits === paths.length &&
  kept === paths.length - 1 &&
  purged !== "HIT";
process.exit(isShown ? 0 : 1);

/** @param {string} text */
function step(text) {
  console.log(`\n${text} …`);
}

/**
 * @param {string[]} args of Node
 * @param {string} cwd
 */
function run(args, cwd) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf-8",
    env: { ...process.env, REDIS_URL: "redis://127.0.0.1:1" },
  });
  if (status !== 0) throw new Error(`${args.join(" ")} failed:\n${stdout}\n${stderr}`);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "ignore", ...options });
  children.add(child);
  return child;
}

/**
 * Serves the site from a database while `work` is done.
 * @template T
 * @param {string} redisUrl
 * @param {(origin: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function whileServing(redisUrl, work) {
  const port = await freePort();
  const env = { ...process.env, REDIS_URL: redisUrl };
  const site = start(process.execPath, [VINEXT, "start", "--port", String(port)], {
    cwd: SITE,
    env,
  });
  await listening(port);
  try {
    return await work(`http://127.0.0.1:${port}`);
  } finally {
    site.kill();
    await once(site, "exit");
    children.delete(site);
  }
}

/** @param {string} origin */
async function firstRequests(origin) {
  const states = [];
  for (const page of paths) states.push(await cacheState(origin, page));
  return states;
}

/**
 * @param {string} origin
 * @param {string} page
 */
async function cacheState(origin, page) {
  const response = await fetch(origin + page);
  await response.arrayBuffer();
  return response.headers.get("x-vinext-cache") ?? "?";
}

/** @param {number} port */
async function listening(port) {
  const deadline = Date.now() + START_MS;
  while (!(await accepts(port))) {
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await sleep(50);
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** @returns {Promise<number>} */
async function freePort() {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = /** @type {net.AddressInfo} */ (listener.address());
  await new Promise((resolve) => listener.close(resolve));
  return port;
}
