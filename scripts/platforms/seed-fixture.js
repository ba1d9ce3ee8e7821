// What most rows test: that the platform seeds a build into real local KV, and every entry is right.

import path from "node:path";
import { ROOT } from "../release/targets.js";
import { FIXTURE, compareStored, seedArgument } from "./fixture.js";
import { runOn } from "./run.js";

const CHILD = path.join("scripts", "platforms", "seed-child.js");

/** A seeding takes a second or two; emulators and busy machines take longer. */
const LIMIT_MS = 120_000;

/**
 * @param {import("./rows.js").Platform} platform
 * @param {import("./fixture.js").Place} place
 * @returns {Promise<import("./rows.js").Outcome>}
 */
export async function seedFixture(platform, place) {
  const { home = ROOT, pathOf = (file) => file } = platform;
  const started = performance.now();
  const args = [pathOf(path.join(home, CHILD)), seedArgument(place, pathOf(FIXTURE))];
  const { output } = await runOn(platform, args, { limitMs: LIMIT_MS });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { equal, problems } = await compareStored(place);
  return { summary: `${equal}/${equal + problems.length} values, ${seconds} s`, problems, output };
}
