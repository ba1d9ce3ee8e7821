// `npm run demo`: serves a project of `vinext init` in real workerd, unseeded and seeded, and compares.
// `npm run demo -- redis` does the same on Node, with pages in Redis.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { seedFromProject } from "../index.js";
import { findCommand } from "../lib/installed-package.js";
import { prerenderedArtifacts } from "./build-output.js";
import { startWranglerDev } from "./wrangler-dev.js";

// It ends the process.
if (process.argv[2] === "redis") await import("./demo-redis.js");

const EXAMPLE = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "example");

const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-demo-"));
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.once(signal, () => process.exit(1));
}

step("Building the example with vinext, pages pre-rendered");
await build();
const artifacts = prerenderedArtifacts(EXAMPLE);

step("Serving it from an empty Workers KV");
// A document that is rendered on demand leaves its payload in the cache too, and the other way
// round. Each gets a cache of its own, so that every one of these requests is a first one.
const payloads = artifacts.filter(({ kind }) => kind === "rsc");
const others = artifacts.filter(({ kind }) => kind !== "rsc");
const before = new Map(
  (
    await Promise.all([
      firstRequests(path.join(scratch, "empty-1"), payloads),
      firstRequests(path.join(scratch, "empty-2"), others),
    ])
  ).flat(),
);

step("Seeding its pages into a local Workers KV");
const persistTo = path.join(scratch, "seeded");
const result = await seedFromProject({ root: EXAMPLE, local: true, persistTo, strict: true });
const { seededRoutes, kvPairsUploaded, bytesUploaded, durationMs } = result;
const size = `${(bytesUploaded / 1e3).toFixed(0)} kB`;
console.log(`  ${seededRoutes} routes, ${kvPairsUploaded} entries, ${size}, ${durationMs} ms`);

step("Serving it again, from the seeded one");
const after = new Map(await firstRequests(persistTo, artifacts));

const rows = artifacts.map((artifact) => {
  const [cold, seeded] = [before.get(artifact), after.get(artifact)];
  const isSameBody = seeded?.body.equals(artifact.content) ?? false;
  return {
    route: shorten(artifact.url),
    kind: artifact.kind,
    before: cold?.cache ?? "?",
    after: seeded?.cache ?? "?",
    bytes: String(seeded?.body.length),
    "same body": isSameBody ? "yes" : "NO",
    isHit: seeded?.cache === "HIT" && seeded.status === artifact.status && isSameBody,
  };
});
const hits = rows.filter((row) => row.isHit).length;
console.log(`\n${table(rows, ["route", "kind", "before", "after", "bytes", "same body"])}\n`);
console.log(`${hits}/${rows.length} entries HIT on the first request`);
process.exitCode = rows.length > 0 && hits === rows.length ? 0 : 1;

/** @param {string} text */
function step(text) {
  console.log(`\n${text} …`);
}

async function build() {
  const vite = await findCommand(EXAMPLE, "vite");
  if (vite === undefined) throw new Error(`vite is not installed in ${EXAMPLE}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, "build"], {
    cwd: EXAMPLE,
    encoding: "utf-8",
  });
  if (status !== 0) throw new Error(`vite build failed:\n${stdout}\n${stderr}`);
}

/**
 * Requests artifacts once each from a Worker that has just started.
 * @param {string} persistTo
 * @param {import("./build-output.js").PrerenderedArtifact[]} wanted
 */
async function firstRequests(persistTo, wanted) {
  const worker = await startWranglerDev({ root: EXAMPLE, persistTo });
  try {
    const answers = [];
    for (const artifact of wanted) {
      const response = await fetch(worker.url + artifact.url, { redirect: "manual" });
      const body = Buffer.from(await response.arrayBuffer());
      const cache = response.headers.get("x-vinext-cache") ?? "-";
      answers.push(/** @type {const} */ ([artifact, { cache, status: response.status, body }]));
    }
    return answers;
  } finally {
    await worker.stop();
  }
}

/** @param {string} url */
function shorten(url) {
  return url.length > 44 ? `${url.slice(0, 28)}…${url.slice(-15)}` : url;
}

/**
 * @param {Record<string, any>[]} rows
 * @param {string[]} columns
 */
function table(rows, columns) {
  const width = (/** @type {string} */ column) =>
    Math.max(column.length, ...rows.map((row) => row[column].length));
  const line = (/** @type {(column: string) => string} */ cell) =>
    columns
      .map((column) => cell(column).padEnd(width(column)))
      .join("  ")
      .trimEnd();
  const head = [line((column) => column), line((column) => "-".repeat(width(column)))];
  return [...head, ...rows.map((row) => line((column) => row[column]))].join("\n");
}
