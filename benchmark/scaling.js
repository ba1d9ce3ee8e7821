// Measures time and memory for sites of 1,000 to 1,000,000 routes, one site at a time.

import { rmSync } from "node:fs";
import path from "node:path";
import { CONTENDERS, IDLE } from "./contenders.js";
import { makeSite, measure, startSink } from "./rig.js";
import { SCALING_ROUTES, SIZES } from "./sizes.js";

/**
 * @typedef {{
 *   routes: number, idle: import("./rig.js").Figures[], runs: import("./rig.js").Figures[],
 * }} ScalingPoint
 */

/**
 * @param {{ sites: string, rounds: number, say: (text: string) => void }} options
 * @returns {Promise<ScalingPoint[]>}
 */
export async function scale({ sites, rounds, say }) {
  const sink = await startSink([]);
  const points = [];
  try {
    for (const routes of SCALING_ROUTES) {
      const root = path.join(sites, `scaling-${routes}`);
      makeSite(root, { ...SIZES.X, routes });
      const job = { root, apiBase: sink.apiBase, contentBytes: 0, pairsFile: "", sampleFile: "" };
      /** @type {ScalingPoint} */
      const point = { routes, idle: [], runs: [] };
      for (let round = 1; round <= rounds; round += 1) {
        say(`${routes} routes, round ${round} of ${rounds}`);
        const [idle, figures] = [await measure(IDLE), await measure(CONTENDERS.ours.command(job))];
        if ("failed" in idle || "failed" in figures)
          throw new Error(`${routes} routes: a run failed`);
        point.idle.push(idle);
        point.runs.push(figures);
      }
      points.push(point);
      rmSync(root, { recursive: true });
    }
  } finally {
    sink.stop();
  }
  return points;
}
