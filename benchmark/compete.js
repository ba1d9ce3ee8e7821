// Checks every contender once, then times them in turn, for one site size.
//
// Before anything is timed, the digest of all pairs each contender sent is compared with that of the
// JavaScript ones.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CONTENDERS, IDLE, OFFICIAL_PAIRS } from "./contenders.js";
import { NETWORKS } from "./networks.js";
import { makeSite, measure, startSink } from "./rig.js";

const WRITE_PAIRS = fileURLToPath(new URL("contenders/pairs-file.js", import.meta.url));

/**
 * @typedef {import("./contenders.js").ContenderName} ContenderName
 * @typedef {import("./rig.js").Figures} Figures
 * @typedef {{ runs: Figures[], failed?: string }} Result
 * @typedef {{
 *   routes: number, pairs: number, contentBytes: number, digest: string, idle: Figures[],
 *   contenders: { [name in ContenderName]?: Result },
 * }} Competition
 */

/**
 * @param {{
 *   directory: string, size: import("./sizes.js").Size, names: ContenderName[], rounds: number,
 *   network: import("./networks.js").NetworkName, say: (text: string) => void,
 * }} options
 * @returns {Promise<Competition>}
 */
export async function compete({ directory, size, names, rounds, network, say }) {
  say("writing the site");
  mkdirSync(path.dirname(directory), { recursive: true });
  makeSite(directory, size);
  const { failures, sizes, ...expected } = await check(directory, names, say);
  const job = {
    root: directory,
    // The floor sends as many bytes as the package.
    contentBytes: sizes.get("ours") ?? expected.contentBytes,
    ...pairsFiles(directory, names, failures),
  };

  /** @type {Competition} */
  const competition = { routes: size.routes, ...expected, idle: [], contenders: {} };
  for (const name of names) {
    const failed = failures.get(name);
    competition.contenders[name] = { runs: [], ...(failed === undefined ? {} : { failed }) };
  }
  const sink = await startSink(NETWORKS[network]);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const idle = await measure(IDLE);
      if (!("failed" in idle)) competition.idle.push(idle);
      for (const name of names) {
        const result = competition.contenders[name];
        if (result === undefined || result.failed !== undefined) continue;
        say(`round ${round} of ${rounds}: ${CONTENDERS[name].title}`);
        await sink.tally();
        const figures = await run(name, { ...job, apiBase: sink.apiBase });
        const { content_bytes: arrived } = await sink.tally();
        if ("failed" in figures) result.failed = figures.failed;
        else if ("encodes" in CONTENDERS[name] && arrived !== sizes.get(name)) {
          throw new Error(`${name} sent ${arrived} bytes instead of ${sizes.get(name)}`);
        } else result.runs.push(extrapolated(name, figures, expected.pairs));
      }
    }
  } finally {
    sink.stop();
  }
  return competition;
}

/**
 * Lets everybody run once into a sink that takes digests.
 * @param {string} root
 * @param {ContenderName[]} names
 * @param {(text: string) => void} say
 */
async function check(root, names, say) {
  /** @type {Map<ContenderName, string>} */
  const failures = new Map();
  /** @type {{ pairs: number, contentBytes: number, digest: string } | undefined} */
  let expected;
  // The package adds a record to each pair's metadata, so contenders differ in size.
  /** @type {Map<ContenderName, number>} */
  const sizes = new Map();
  const sink = await startSink(["--digest"]);
  const job = { root, apiBase: sink.apiBase, contentBytes: 0, pairsFile: "", sampleFile: "" };
  try {
    // The slow way first: what it sends is what is expected of the others.
    const encoding = /** @type {ContenderName[]} */ (["sequential", "streaming", "ours"]);
    for (const name of encoding.filter((name) => names.includes(name) || name === "streaming")) {
      say(`checking what arrives: ${CONTENDERS[name].title}`);
      await sink.tally();
      const figures = await run(name, job);
      const { pairs, content_bytes: contentBytes, digest } = await sink.tally();
      if ("failed" in figures) {
        failures.set(name, figures.failed);
        continue;
      }
      sizes.set(name, contentBytes);
      expected ??= { pairs, contentBytes, digest };
      if (digest !== expected.digest || pairs !== expected.pairs) {
        throw new Error(`${name} sent other pairs than JSON.stringify makes`);
      }
    }
  } finally {
    sink.stop();
  }
  if (expected === undefined) throw new Error("no contender could encode this site");
  return { ...expected, failures, sizes };
}

/**
 * @param {ContenderName} name
 * @param {import("./contenders.js").Job} job
 */
function run(name, job) {
  /** @type {import("./contenders.js").Contender} */
  const contender = CONTENDERS[name];
  return measure(contender.command(job), contender.environment?.(job));
}

/**
 * Writes wrangler's input.
 * @param {string} root
 * @param {ContenderName[]} names
 * @param {Map<ContenderName, string>} failures gets those for which it cannot be written
 */
function pairsFiles(root, names, failures) {
  const files = {
    pairsFile: path.join(root, "pairs.json"),
    sampleFile: path.join(root, `pairs-${OFFICIAL_PAIRS}.json`),
  };
  for (const name of names) {
    /** @type {import("./contenders.js").Contender} */
    const { needs, sampled } = CONTENDERS[name];
    if (needs === undefined || existsSync(files[needs])) continue;
    const most = sampled === true ? [String(OFFICIAL_PAIRS)] : [];
    const { status } = spawnSync(process.execPath, [WRITE_PAIRS, root, files[needs], ...most]);
    if (status !== 0) failures.set(name, "its input cannot be written");
  }
  return files;
}

/**
 * What all processes of a sampled contender would take, one after another.
 * @param {ContenderName} name
 * @param {Figures} figures
 * @param {number} pairs
 * @returns {Figures}
 */
function extrapolated(name, figures, pairs) {
  if (!("sampled" in CONTENDERS[name])) return figures;
  const processes = Math.ceil(pairs / OFFICIAL_PAIRS);
  return {
    ...figures,
    processSeconds: figures.processSeconds * processes,
    cpuSeconds: figures.cpuSeconds * processes,
  };
}
