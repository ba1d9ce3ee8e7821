// The best single-threaded JavaScript: encodes entries into bounded bodies with a few requests in flight.

import { readFileSync } from "node:fs";
import { filesOf, openBuild, pairsOf } from "./entries.js";
import { contend } from "./contend.js";
import { put } from "./put.js";

const BODY_BYTES = 8 * 1024 * 1024;
const MAX_PAIRS = 10_000;
const MAX_IN_FLIGHT = 6;

await contend(async ({ root, url }) => {
  const build = openBuild(root);
  /** @type {Set<Promise<void>>} */
  const inFlight = new Set();
  /** @type {string[]} */
  let texts = [];
  let size = 0;

  const flush = async () => {
    const body = Buffer.from(`[${texts.join(",")}]`);
    [texts, size] = [[], 0];
    const sending = put(url, body).finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    // Sending starts only when the loop comes round.
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    else await new Promise((resolve) => setImmediate(resolve));
  };

  for (const route of build.routes) {
    const { html, rsc } = filesOf(build, route);
    // Asking for one file after another is faster than promises of many: each costs more than the
    // read from the page cache.
    for (const pair of pairsOf(build, route, readFileSync(html, "utf-8"), readFileSync(rsc))) {
      const text = JSON.stringify(pair);
      if (texts.length === MAX_PAIRS || size + text.length > BODY_BYTES) await flush();
      texts.push(text);
      size += text.length + 1;
    }
  }
  if (texts.length > 0) await flush();
  await Promise.all(inFlight);
});
