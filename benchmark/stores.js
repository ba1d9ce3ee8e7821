// Times the package and a hand-written alternative in turn, into a store that is not Workers KV.
//
// After each run, what is in the store is read: a run that left other keys, bytes or lifetimes than the first one is
// an error.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { IDLE } from "./contenders.js";
import { makeSite, measure } from "./rig.js";
import { medianOf } from "./statistics.js";
import { STORES } from "./store-targets.js";

const DIRECTORY = fileURLToPath(new URL("contenders", import.meta.url));

const MEBIBYTE = 1024 * 1024;

/**
 * @typedef {import("./rig.js").Figures} Figures
 * @typedef {{
 *   entries: number, digest: string, idle: Figures[], ours: Figures[], other: Figures[],
 * }} StoreCompetition
 */

/**
 * @param {{
 *   directory: string, size: import("./sizes.js").Size, rounds: number,
 *   store: import("./store-targets.js").StoreName, say: (text: string) => void,
 * }} options
 * @returns {Promise<StoreCompetition>}
 */
export async function competeForStore({ directory, size, rounds, store, say }) {
  say("writing the site");
  mkdirSync(path.dirname(directory), { recursive: true });
  makeSite(directory, size);
  const { other, start } = STORES[store];
  /** @type {StoreCompetition} */
  const competition = { entries: 0, digest: "", idle: [], ours: [], other: [] };
  // The first round warms up, and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const idle = await measure(IDLE);
    if (!("failed" in idle) && round > 0) competition.idle.push(idle);
    for (const [side, script] of /** @type {const} */ ([
      ["other", other],
      ["ours", "ours-store"],
    ])) {
      say(`round ${round} of ${rounds}: ${script}`);
      const target = await start();
      try {
        const command = [process.execPath, path.join(DIRECTORY, `${script}.js`)];
        const figures = await measure([...command, directory, target.store], target.environment);
        if ("failed" in figures) throw new Error(`${script} fails: ${figures.failed}`);
        const { entries, digest } = await target.content();
        if (competition.entries === 0) Object.assign(competition, { entries, digest });
        if (digest !== competition.digest || entries !== 2 * size.routes) {
          const found = `${entries} entries, digest ${digest}`;
          const expected = `${2 * size.routes}, ${competition.digest}`;
          throw new Error(`${script} left ${found} in the store instead of ${expected}`);
        }
        if (round > 0) competition[side].push(figures);
      } finally {
        await target.stop();
      }
    }
  }
  return competition;
}

/**
 * Medians as a table, and the ratio of the calls.
 * @param {StoreCompetition} competition
 * @param {import("./store-targets.js").StoreName} store
 */
export function storeTable({ idle, ours, other }, store) {
  const idleBytes = medianOf(idle, "peakBytes") ?? 0;
  const row = (/** @type {string} */ title, /** @type {Figures[]} */ runs) => {
    const number = (/** @type {"callSeconds" | "processSeconds" | "cpuSeconds"} */ figure) =>
      (medianOf(runs, figure) ?? Number.NaN).toFixed(3);
    const peak = ((medianOf(runs, "peakBytes") ?? Number.NaN) - idleBytes) / MEBIBYTE;
    const ratio = (medianOf(runs, "callSeconds") ?? 0) / (medianOf(ours, "callSeconds") ?? 0);
    const figures = [number("callSeconds"), number("processSeconds"), number("cpuSeconds")];
    return `| ${[title, ...figures, peak.toFixed(0), ratio.toFixed(2)].join(" | ")} |`;
  };
  return [
    "| | call s | process s | CPU s | MB over idle Node | times ours |",
    "|---|---:|---:|---:|---:|---:|",
    row("**@vinext/seed-native**", ours),
    row(STORES[store].otherTitle, other),
  ].join("\n");
}
