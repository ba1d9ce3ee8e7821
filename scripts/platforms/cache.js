// What is kept between runs of `npm run test:platforms`, below `target/`.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../release/targets.js";

export const CACHE = path.join(ROOT, "target", "platforms");

/**
 * Fills a directory, unless that was done for the same inputs before.
 * @param {string} directory
 * @param {string} inputs what its content follows from
 * @param {() => void} fill
 */
export function once(directory, inputs, fill) {
  const stamp = path.join(directory, ".prepared");
  if (existsSync(stamp) && readFileSync(stamp, "utf-8") === inputs) return;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  fill();
  writeFileSync(stamp, inputs);
}
