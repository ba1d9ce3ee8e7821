// Random faults at random moments: whatever happens, the report is what is in the namespace.
//
// `npm run test:chaos -- --runs 5000 --seed 7` for more runs than here, and `--only 123` to repeat
// one that is reported.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startLocalApi, type LocalApi } from "../lib/local-api/server.js";
import { makeBuild } from "./support/chaos/builds.js";
import { Dice } from "./support/chaos/dice.js";
import { Namespace } from "./support/chaos/namespace.js";
import { chaosRun } from "./support/chaos/run.js";
import { untruths } from "./support/chaos/truth.js";
import { PASSING } from "./support/chaos/weather.js";
import { TOKEN, seed } from "./support/seed.js";

const SEED = process.env.SEED_CHAOS_SEED ?? "1";
const RUNS = Number(process.env.SEED_CHAOS_RUNS ?? 150);
const ONLY = process.env.SEED_CHAOS_ONLY;

const RUNS_OF_A_TEST = 50;
/** Making a build costs as much as seeding it. */
const RUNS_OF_A_BUILD = 5;
const AT_A_TIME = 8;

const OF_THE_MACHINE = [
  "replaced manifest",
  ...(process.platform === "win32" ? [] : ["few open files"]),
];

const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-chaos-"));
const ids = Array.from({ length: AT_A_TIME }, (_, index) => `chaos${index}`);
const dice = new Dice(SEED);
/** How often each was met, by name. */
const endings = new Map<string, number>();
const faults = new Map<string, number>();
let api: LocalApi;
let namespaces: Namespace[];

beforeAll(async () => {
  api = await startLocalApi({ persistTo: directory, namespaceIds: ids, apiToken: TOKEN });
  namespaces = ids.map((id) => new Namespace(api.baseUrl, id));
}, 60_000);
afterAll(async () => {
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

const count = (counts: Map<string, number>, what: string) =>
  counts.set(what, (counts.get(what) ?? 0) + 1);

/** The runs with these numbers, several at a time. Ends at the first report that is not true. */
async function run(numbers: number[]) {
  const groups = Map.groupBy(numbers, (number) => Math.floor(number / RUNS_OF_A_BUILD));
  const queue = groups.entries();
  let untrue: string | undefined;
  await Promise.all(
    namespaces.map(async (namespace) => {
      for (const [group, numbers] of queue) {
        const build = await makeBuild(dice.for(`build ${group}`), namespace, api.baseUrl);
        for (const number of numbers) {
          if (untrue !== undefined) return;
          const outcome = await chaosRun(dice.for(number), build, namespace, api.baseUrl);
          count(endings, outcome.ending.code ?? "success");
          for (const fault of outcome.faults) count(faults, fault);
          if (outcome.untruths.length > 0) {
            const again = `npm run test:chaos -- --seed ${SEED} --only ${number}`;
            untrue ??= [`repeat it with: ${again}`, ...outcome.untruths, ...outcome.log].join("\n");
          }
        }
      }
    }),
  );
  if (untrue !== undefined) throw new Error(untrue);
}

if (ONLY !== undefined) {
  it(`the report of run ${ONLY} of seed ${SEED} is true`, () => run([Number(ONLY)]), 60_000);
} else {
  const tests = Array.from({ length: Math.ceil(RUNS / RUNS_OF_A_TEST) }, (_, index) => [
    index * RUNS_OF_A_TEST,
    Math.min((index + 1) * RUNS_OF_A_TEST, RUNS) - 1,
  ]);
  it.each(tests)(
    `the report is true: runs %i to %i of seed ${SEED}`,
    (first = 0, last = 0) =>
      run(Array.from({ length: last - first + 1 }, (_, index) => first + index)),
    300_000,
  );

  it.runIf(RUNS >= 150)("covers every kind of fault and outcome", () => {
    console.log(`${RUNS} runs:`, Object.fromEntries(endings), Object.fromEntries(faults));
    expect([...faults.keys()]).toEqual(expect.arrayContaining([...PASSING, ...OF_THE_MACHINE]));
    expect([...endings.keys()]).toEqual(
      expect.arrayContaining([
        "success",
        "ABORT_ERR",
        "KV_QUOTA_EXHAUSTED",
        "MANIFEST_CHANGED",
        "NETWORK_ERROR",
      ]),
    );
  });
}

it("detects an untrue report", async () => {
  const namespace = namespaces[0] as Namespace;
  const build = await makeBuild(new Dice("forty routes"), namespace, api.baseUrl);
  const options = { root: build.root, apiBaseUrl: api.baseUrl, namespaceId: namespace.id };
  const report = await seed(options);
  const stored = await namespace.read();
  const copy = () => ({ report: { ...report }, stored: new Map(stored) });
  const find = (change: (parts: ReturnType<typeof copy>) => void) => {
    const parts = copy();
    change(parts);
    return untruths(build, { report: parts.report }, parts.stored).join("; ");
  };
  const [key = ""] = stored.keys();
  const group = { code: "X", message: "why", mayBeStored: false, count: 1, keys: [key] };
  expect(find(() => {})).toBe("");
  expect(find(({ stored }) => stored.delete(key))).toContain("by the report only");
  expect(find(({ stored }) => stored.set("x", ""))).toContain("not planned");
  expect(find(({ stored }) => stored.set(key, ""))).toContain("another content");
  expect(find(({ report }) => (report.notStored = [group]))).toContain("certainly not");
  expect(find(({ report }) => (report.seededRoutes -= 1))).toContain("seededRoutes");
  expect(find(({ report }) => (report.kvPairsUploaded -= 1))).toContain("kvPairsUploaded");
  expect(find(({ report }) => (report.routesNotReached += 1))).toContain("kvPairsPlanned");
});
