// Runs the rig, the Rust program that generates sites, receives requests and measures processes.
//
// No time is measured here: the rig times processes, and a contender times its own call.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The rig's program. */
export const RIG = path.join(ROOT, "target", "release", "seed-rig");

/** Time limit of a contender, in milliseconds. */
const PATIENCE_MS = 300_000;

/** How much of what a failed contender says is kept, in characters. */
const MAX_COMPLAINT = 200;

/** Builds the rig. */
export function buildRig() {
  const { status, error } = spawnSync(
    "cargo",
    ["build", "--release", "--locked", "-p", "seed-rig"],
    {
      cwd: ROOT,
      stdio: ["ignore", 2, 2],
    },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error("the rig cannot be built");
}

/**
 * Writes a site unless it is there.
 * @param {string} directory
 * @param {import("./sizes.js").Size} size
 */
export function makeSite(directory, { routes, htmlBytes, rscBytes }) {
  const sizes = ["--routes", routes, "--html-bytes", htmlBytes, "--rsc-bytes", rscBytes];
  const { status } = spawnSync(RIG, ["site", directory, ...sizes.map(String)], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`the site ${directory} cannot be written`);
}

/**
 * What arrived at a sink.
 * @typedef {{
 *   requests: number, failures: number, bytes: number, content_bytes: number, pairs: number,
 *   digest: string, seconds: number,
 * }} Tally
 */

/**
 * Starts a sink.
 * @param {string[]} options of `seed-rig sink`
 * @param {string} [scheme]
 */
export async function startSink(options, scheme = "http") {
  const child = spawn(RIG, ["sink", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(createInterface(child.stdout), "line");
  // The certificate of a sink with TLS is for this name.
  const base = `${scheme}://${scheme === "https" ? "localhost" : "127.0.0.1"}:${port}`;
  return {
    apiBase: `${base}/v4`,
    /** What arrived since the last time. @returns {Promise<Tally>} */
    tally: async () => /** @type {any} */ (await (await fetch(`${base}/tally`)).json()),
    stop: () => child.kill(),
  };
}

/**
 * What a process took, and what it says its call took.
 * @typedef {{
 *   callSeconds?: number, blockedMs?: number,
 *   processSeconds: number, cpuSeconds: number, peakBytes: number,
 * }} Figures
 */

/**
 * Runs a process to its end.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<Figures | { failed: string }>}
 */
export async function measure(command, environment = {}) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-bench-"));
  const out = path.join(scratch, "figures.json");
  try {
    const child = spawn(RIG, ["measure", "--out", out, "--", ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
      // Its own process group, so that an abandoned contender ends with all its children.
      detached: true,
    });
    const patience = setTimeout(() => process.kill(-Number(child.pid), "SIGKILL"), PATIENCE_MS);
    const [said, complained] = [collect(child.stdout), collect(child.stderr)];
    const [, signal] = await once(child, "close");
    clearTimeout(patience);
    if (signal !== null) return { failed: `gave up after ${PATIENCE_MS / 1000} s` };
    const figures = JSON.parse(readFileSync(out, "utf-8"));
    if (figures.exitCode !== 0) return { failed: complaint(complained.text + said.text) };
    const own = JSON.parse(
      said.text
        .trimEnd()
        .split("\n")
        .at(-1)
        ?.match(/^\{.*\}$/u)?.[0] ?? "{}",
    );
    return {
      callSeconds: own.seconds,
      blockedMs: own.blockedMs,
      processSeconds: figures.seconds,
      cpuSeconds: figures.userSeconds + figures.systemSeconds,
      peakBytes: figures.peakBytes,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {import("node:stream").Readable} stream */
function collect(stream) {
  const collected = { text: "" };
  stream.setEncoding("utf-8").on("data", (/** @type {string} */ part) => (collected.text += part));
  return collected;
}

/** @param {string} text */
function complaint(text) {
  const line = text.split("\n").find((line) => /error/iu.test(line)) ?? text;
  // Where the site lies is of no interest to anybody else.
  return line
    .replaceAll(/\/\S*\//gu, "")
    .trim()
    .slice(0, MAX_COMPLAINT);
}
