// `npm run bench`: compares the package with what it replaces and with the floor.
//
// Options: `--size S,M,T` (also L, X and P), `--rounds 5`, `--only ours,floor`, `--network wan`,
// `--sites DIRECTORY`, `--out DIRECTORY`, `--scaling` for the chart over the number of routes, and
// `--memory` for peak memory alone, which is printed at the end of a usual run too, `--known` for sites that
// are stored already (L too), and `--store redis|s3|s3rver|dir` for other stores, compared with what one would
// write instead. Prints a table of medians and writes raw figures and a chart to `benchmark/runs/<date>/`.
// Figures depend on the machine; compare the ratios.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { scalingChart, timesChart } from "./chart.js";
import { compete } from "./compete.js";
import { CONTENDERS } from "./contenders.js";
import { measureKnown } from "./known.js";
import { measureMemory } from "./memory.js";
import { NETWORKS } from "./networks.js";
import { table } from "./report.js";
import { buildRig } from "./rig.js";
import { scale } from "./scaling.js";
import { SIZES, sizeNames } from "./sizes.js";
import { STORES } from "./store-targets.js";
import { competeForStore, storeTable } from "./stores.js";

const RUNS = fileURLToPath(new URL("runs", import.meta.url));

const { values: given } = parseArgs({
  options: {
    size: { type: "string" },
    rounds: { type: "string", default: "5" },
    only: { type: "string", default: Object.keys(CONTENDERS).join(",") },
    network: { type: "string", default: "loopback" },
    scaling: { type: "boolean", default: false },
    memory: { type: "boolean", default: false },
    known: { type: "boolean", default: false },
    local: { type: "boolean", default: false },
    store: { type: "string" },
    sites: { type: "string", default: path.join(os.tmpdir(), "seed-native-sites") },
    out: { type: "string", default: path.join(RUNS, new Date().toISOString().slice(0, 10)) },
  },
});
const sizes = sizeNames(given.size ?? (given.known ? "S,M,T,L" : "S,M,T"));
const names = /** @type {import("./contenders.js").ContenderName[]} */ (given.only.split(","));
const network = /** @type {import("./networks.js").NetworkName} */ (given.network);
const rounds = Number(given.rounds);
if (!names.every((name) => name in CONTENDERS)) {
  throw new RangeError(`--only takes ${Object.keys(CONTENDERS).join(", ")}`);
}
if (!(network in NETWORKS))
  throw new RangeError(`--network takes ${Object.keys(NETWORKS).join(", ")}`);
const store = /** @type {import("./store-targets.js").StoreName | undefined} */ (given.store);
if (store !== undefined && !(store in STORES))
  throw new RangeError(`--store takes ${Object.keys(STORES).join(", ")}`);
if (given.local && (!given.known || network !== "loopback"))
  throw new RangeError("--local requires --known, and no --network");
if (!Number.isSafeInteger(rounds) || rounds < 1)
  throw new RangeError("--rounds takes a whole number");

if (!given.memory) buildRig();
mkdirSync(given.out, { recursive: true });
if (given.memory) {
  await printMemory();
} else if (given.known) {
  await printKnown();
} else if (store !== undefined) {
  await printStore(store);
} else if (given.scaling) {
  const points = await scale({ sites: given.sites, rounds, say });
  save("scaling", { ...conditions(), points });
  writeFileSync(path.join(given.out, "scaling.svg"), await scalingChart(points));
} else {
  const before = sizesOfToday(network);
  for (const name of sizes) {
    const competition = await compete({
      directory: path.join(given.sites, name),
      size: SIZES[name],
      names,
      rounds,
      network,
      say: (text) => say(`${name}: ${text}`),
    });
    before[name] = competition;
    const { routes, pairs, contentBytes } = competition;
    const megabytes = Math.round(contentBytes / 1e6).toLocaleString("en");
    console.log(`\n${name}: ${routes} routes, ${pairs} pairs, ${megabytes} MB, ${network}\n`);
    console.log(table(competition));
    save(network, { ...conditions(), sizes: before });
  }
  writeFileSync(path.join(given.out, `${network}.svg`), await timesChart(before));
  await printMemory();
}

/**
 * The figures of sizes that were run before. Sizes can be run one after another: each is added to those that are there
 * from the same day.
 * @param {string} name of the file
 * @returns {Record<string, any>}
 */
function sizesOfToday(name) {
  const file = path.join(given.out, `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf-8")).sizes : {};
}

/** @param {import("./store-targets.js").StoreName} store */
async function printStore(store) {
  const before = sizesOfToday(`store-${store}`);
  for (const name of sizes) {
    const competition = await competeForStore({
      directory: path.join(given.sites, name),
      size: SIZES[name],
      rounds,
      store,
      say: (text) => say(`${name}: ${text}`),
    });
    before[name] = competition;
    console.log(`\n${name}: ${competition.entries} entries into ${STORES[store].title}\n`);
    console.log(storeTable(competition, store));
    save(`store-${store}`, { ...conditions(), sizes: before });
  }
}

async function printKnown() {
  const place = given.local ? "local" : network;
  const file = place === "loopback" ? "known" : `known-${place}`;
  const before = sizesOfToday(file);
  for (const name of sizes) {
    const directory = path.join(given.sites, name);
    const options = { directory, size: SIZES[name], rounds, network, isLocal: given.local };
    const runs = await measureKnown(options);
    before[name] = runs;
    const first = runs[0]?.milliseconds ?? 0;
    console.log(`\n${name}: ${SIZES[name].routes.toLocaleString("en")} pages, ${place}\n`);
    console.log("| run | ms | of the first | writes | lists |\n| --- | --- | --- | --- | --- |");
    for (const { run, milliseconds, writes, lists } of runs) {
      const share = `${((milliseconds / first) * 100).toFixed(0)} %`;
      console.log(`| ${run} | ${milliseconds.toFixed(0)} | ${share} | ${writes} | ${lists} |`);
    }
    save(file, { ...conditions(), sizes: before });
  }
}

async function printMemory() {
  /** @type {import("./memory.js").MemoryFigure[]} */
  const figures = [];
  console.log("\nPeak memory over an idle Node, with the default budget of 128 MB\n");
  await measureMemory(given.sites, (figure) => {
    const { site, peakBytes, milliseconds } = figure;
    figures.push(figure);
    console.log(
      `| ${site} | ${Math.round(peakBytes / 1e6)} MB | ${(milliseconds / 1000).toFixed(2)} s |`,
    );
  });
  save("memory", { ...conditions(), figures });
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * @param {string} name
 * @param {object} content
 */
function save(name, content) {
  writeFileSync(path.join(given.out, `${name}.json`), `${JSON.stringify(content)}\n`);
}

/** What the figures depend on. */
function conditions() {
  const [cpu] = os.cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpu?.model.trim(),
      cores: os.availableParallelism(),
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
      system: `${os.type()} ${os.release().split(".").slice(0, 2).join(".")}`,
    },
    versions: {
      node: process.version,
      rustc: execFileSync("rustc", ["--version"], { encoding: "utf-8" }).trim(),
      commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf-8" }).trim(),
    },
    rounds,
  };
}
