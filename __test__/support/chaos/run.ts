// One chaos run: seeds a build through the faulty proxy and checks the report against the namespace.
//
// The namespace is emptied between runs.

import { setTimeout as sleep } from "node:timers/promises";
import type { SeedOptions } from "../../../index.js";
import { TOKEN, failureOf, seed, seedApart } from "../seed.js";
import { replaceManifest, restoreManifest, type Build } from "./builds.js";
import type { Dice } from "./dice.js";
import type { Namespace } from "./namespace.js";
import { startProxy } from "./proxy.js";
import { untruths, type Ending } from "./truth.js";
import { Weather } from "./weather.js";

/** How long requests may still be in flight after the promise has settled. */
const MAX_AFTERMATH_MS = 15_000;

export interface Outcome {
  ending: Ending;
  /** The fault of each request. */
  faults: string[];
  untruths: string[];
  /** Everything needed to understand the run. */
  log: string[];
}

export async function chaosRun(
  dice: Dice,
  build: Build,
  namespace: Namespace,
  targetUrl: string,
): Promise<Outcome> {
  const weather = new Weather(dice.for("weather"));
  const { abort, replacement, openFiles } = weather;
  const controller = new AbortController();
  let isReplaced = false;
  const proxy = await startProxy(targetUrl, weather, dice.for("proxy"), (number, gate) => {
    const isDue = abort?.kind === "request" && abort.number === number && abort.gate === gate;
    if (isDue) controller.abort();
    if (replacement?.number === number && replacement.gate === gate) {
      replaceManifest(build);
      isReplaced = true;
    }
  });
  const timer = abort?.kind === "time" ? setTimeout(() => controller.abort(), abort.ms) : undefined;
  const options = makeOptions(dice.for("options"));
  const { root } = build;
  const given = { root, namespaceId: namespace.id, apiBaseUrl: proxy.baseUrl, ...options };
  const seeding = openFiles
    ? seedApart(given, { openFiles })
    : seed({ ...given, signal: controller.signal });
  const { ending, problems } = await settle(seeding, controller.signal);
  clearTimeout(timer);
  if (ending.code === "MANIFEST_CHANGED" && !isReplaced) problems.push("no manifest was replaced");

  const isQuiet = proxy.close().then(() => true);
  if (!(await Promise.race([isQuiet, sleep(MAX_AFTERMATH_MS, false)]))) {
    problems.push("something runs on");
  }
  if (isReplaced) restoreManifest(build);
  const stored = await namespace.read();
  problems.push(...untruths(build, ending, stored));
  const { log, successes } = proxy.run;
  const faults = [...proxy.run.faults];
  if (isReplaced) faults.push("replaced manifest");
  if (openFiles) faults.push("few open files");
  if (ending.report.batches > successes) {
    problems.push(`batches: reported ${ending.report.batches}, actual ${successes} at most`);
  }
  problems.push(...log.filter((line) => line.includes("the proxy failed")));
  await namespace.clear(stored.keys());
  const head = [`options ${JSON.stringify(options)}`, `weather ${weather.describe()}`];
  const end = `ends with ${ending.code ?? "success"}, ${JSON.stringify(ending.report)}`;
  return { ending, faults, untruths: problems, log: [...head, ...log, end] };
}

async function settle(seeding: ReturnType<typeof seed>, signal: AbortSignal) {
  const problems: string[] = [];
  try {
    return { ending: { report: await seeding } as Ending, problems };
  } catch {
    const error = await failureOf(seeding);
    const { code, report } = error;
    if (report === undefined) throw error;
    const isAbort = code === "ABORT_ERR";
    if (isAbort !== (error.name === "AbortError")) problems.push(`${code} is ${error.name}`);
    if (isAbort && !signal.aborted) problems.push("aborted without a signal");
    const everything = [error.message, error.stack, JSON.stringify(error), JSON.stringify(report)];
    if (everything.some((text) => text?.includes(TOKEN))) problems.push("the token is shown");
    return { ending: { code, report }, problems };
  }
}

/** Random limits, and short time limits. */
function makeOptions(dice: Dice): Partial<SeedOptions> {
  return {
    maxBatchPairs: dice.one([1, 2, 3, 5, 10, 100, 10_000]),
    maxBatchBytes: dice.one([1, 2_000, 50_000, 300_000, 8_388_608]),
    concurrency: dice.one([1, 2, 3, 6, 16]),
    retry: {
      attempts: dice.whole(1, 8),
      initialDelayMs: dice.whole(1, 4),
      maxDelayMs: dice.whole(2, 30),
      totalMs: dice.one([50, 500, 3_000]),
    },
    timeouts: {
      connectMs: 2_000,
      idleMs: dice.one([50, 500, 2_000]),
      replyMs: dice.one([50, 500, 500, 2_000]),
      requestMs: dice.one([100, 1_000, 5_000, 5_000]),
    },
  };
}
