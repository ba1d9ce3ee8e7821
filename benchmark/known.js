// What a build costs that is stored already: seeded again as it is, and with one page in a hundred changed.
//
// The first run goes to the sink of the other measurements, which takes everything and parses nothing. The
// others go to a store in memory that lists what it has, in a separate thread, behind the same network. With
// `--local`, all of them go to the local KV API, which stores in a real KV namespace. A run that writes or lists
// anything else than it should is an error.

import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { seedKvCache } from "../index.js";
import { NETWORKS } from "./networks.js";
import { makeSite, startSink } from "./rig.js";
import { medianOf } from "./statistics.js";

/** Of how many pages one is changed. */
const CHANGED_ONE_IN = 100;

/** Keys in one reply of the API. */
const KEYS_PER_LIST = 1000;

const API_TOKEN = "token-of-the-benchmark";
const NAMESPACE_ID = "namespace";

/** Calls that list something else than pages: the markers of invalidated tags. */
const OTHER_LISTS = 1;

/**
 * @typedef {object} KnownRun
 * @property {string} run
 * @property {number} milliseconds the median of the rounds
 * @property {number} writes entries
 * @property {number} lists calls that list keys
 */

/**
 * @param {object} options
 * @param {string} options.directory of the site
 * @param {import("./sizes.js").Size} options.size
 * @param {number} options.rounds
 * @param {import("./networks.js").NetworkName} options.network
 * @param {boolean} options.isLocal whether the store is the local KV API, without a network
 * @returns {Promise<KnownRun[]>}
 */
export async function measureKnown({ directory, size, rounds, network, isLocal }) {
  makeSite(directory, size);
  const persistTo = `${directory}-kv`;
  rmSync(persistTo, { recursive: true, force: true });
  const sink = await startSink(NETWORKS[network]);
  const store = isLocal
    ? new Worker(new URL("known-local.js", import.meta.url), {
        workerData: { persistTo, apiToken: API_TOKEN, namespaceId: NAMESPACE_ID },
      })
    : new Worker(new URL("known-store.js", import.meta.url), { workerData: NETWORKS[network] });
  const [{ port }] = await once(store, "message");
  const counts = async () => {
    store.postMessage("count");
    const [counted] = await once(store, "message");
    return counted;
  };
  const seed = async (
    /** @type {string} */ root,
    /** @type {string} */ apiBaseUrl,
    force = false,
  ) => {
    const started = performance.now();
    const { kvPairsUploaded: writes } = await seedKvCache({
      root,
      accountId: "account",
      namespaceId: NAMESPACE_ID,
      apiToken: API_TOKEN,
      apiBaseUrl,
      runtime: { vinext: "1.4.0" },
      force,
    });
    return { milliseconds: performance.now() - started, writes };
  };
  const changed = copyWithChanges(directory, size.routes);
  try {
    const api = `http://127.0.0.1:${port}`;
    if (!isLocal) {
      await seed(directory, api, true);
      await counts();
    }
    const all = 2 * size.routes;
    const runs = [
      {
        run: isLocal ? "first run" : "first run, into the sink",
        seeding: () => seed(directory, isLocal ? api : sink.apiBase, true),
        expected: all,
      },
      { run: "again, nothing changed", seeding: () => seed(directory, api), expected: 0 },
      {
        run: "again, one page in a hundred changed",
        seeding: () => seed(changed, api),
        expected: Math.ceil(size.routes / CHANGED_ONE_IN),
      },
    ];
    /** @type {KnownRun[]} */
    const figures = [];
    for (const { run, seeding, expected } of runs) {
      const done = [];
      let lists = 0;
      for (let round = 0; round < rounds; round += 1) {
        done.push(await seeding());
        ({ lists } = await counts());
        const { writes } = /** @type {{ writes: number }} */ (done.at(-1));
        if (writes !== expected) throw new Error(`${run}: ${writes} writes instead of ${expected}`);
        if (lists > all / KEYS_PER_LIST + OTHER_LISTS) throw new Error(`${run}: ${lists} lists`);
        // What was changed is put back, for the next round.
        if (expected > 0 && expected < all) {
          await seed(directory, api);
          await counts();
        }
      }
      const milliseconds = medianOf(done, "milliseconds") ?? Number.NaN;
      figures.push({ run, milliseconds, writes: expected, lists });
    }
    return figures;
  } finally {
    sink.stop();
    if (isLocal) {
      store.postMessage("stop");
      await once(store, "message");
    }
    await store.terminate();
    rmSync(changed, { recursive: true });
    rmSync(persistTo, { recursive: true, force: true });
  }
}

/**
 * A site of which one page in a hundred has another document.
 * @param {string} directory
 * @param {number} routes
 */
function copyWithChanges(directory, routes) {
  const root = mkdtempSync(path.join(path.dirname(directory), "changed-"));
  const server = path.join("dist", "server");
  mkdirSync(path.join(root, server), { recursive: true });
  cpSync(path.join(directory, server), path.join(root, server), { recursive: true });
  const manifest = JSON.parse(
    readFileSync(path.join(root, server, "vinext-prerender.json"), "utf-8"),
  );
  for (let index = 0; index < routes; index += CHANGED_ONE_IN) {
    const file = path.join(
      root,
      server,
      "prerendered-routes",
      `${manifest.routes[index].path}.html`,
    );
    writeFileSync(file, `${readFileSync(file, "utf-8")}<!-- changed -->`);
  }
  return root;
}
