// What goes wrong on the way to Cloudflare, row by row: see faults/.

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { SeedProgress } from "../index.js";
import { keyOf, type Fault } from "./faults/fault.js";
import { SENDING, reliabilityPage } from "./faults/page.js";
import { buildOf, rendered } from "./support/build.js";
import { startScriptedApi } from "./support/scripted-api.js";
import { TOKEN, seed, type SeedError, type SeedResult } from "./support/seed.js";

/** Everything that came out of the rows: results, errors, events. */
const said: string[] = [];

function buildFor({ entries = 4, pageBytes = 1 }: Fault) {
  const numbers = Array.from({ length: entries }, (_, index) => index);
  return buildOf(
    numbers.map((index) => rendered(`/p${index}`)),
    Object.fromEntries(numbers.map((index) => [`p${index}.html`, "x".repeat(pageBytes)])),
  );
}

async function run(row: Fault) {
  const api = await startScriptedApi(row.script);
  const events: SeedProgress[] = [];
  const controller = new AbortController();
  const { abortAfter } = row;
  if (typeof abortAfter === "object") {
    void api
      .arrived(abortAfter.requests)
      .then(() => sleep(100))
      .then(() => controller.abort());
  }
  const started = performance.now();
  const outcome = await seed({
    root: buildFor(row),
    apiBaseUrl: api.baseUrl,
    retry: { initialDelayMs: 5, maxDelayMs: 50 },
    onProgress(event) {
      events.push(event);
      if (abortAfter === "a pause has begun" && event.pausedForMs) controller.abort();
    },
    signal: controller.signal,
    ...row.options,
  }).then(
    (result) => ({ result, error: undefined }),
    (error: SeedError) => ({ result: error.report, error }),
  );
  const milliseconds = performance.now() - started;
  const { error } = outcome;
  said.push(JSON.stringify([outcome, events, error?.message, error?.stack, String(error)]));
  if (outcome.result === undefined) throw error;
  return { api, events, milliseconds, error, result: outcome.result };
}

/** The report against what the server knows: every entry is in exactly one of the two. */
function checkAccount(row: Fault, result: SeedResult, stored: Set<string>) {
  const planned = Array.from({ length: row.entries ?? 4 }, (_, index) => keyOf(index));
  const lost = result.notStored.flatMap(({ keys }) => keys);
  const inDoubt = new Set(
    result.notStored.flatMap(({ keys, mayBeStored }) => (mayBeStored ? keys : [])),
  );
  expect(new Set(lost).size).toBe(lost.length);
  expect(result.kvPairsPlanned).toBe(planned.length);
  expect(result.kvPairsNotStored).toBe(lost.length);
  expect(result.kvPairsUploaded + lost.length).toBe(planned.length);
  expect(result.seededRoutes).toBe(result.kvPairsUploaded);
  const lostForSure = new Set(lost.filter((key) => !inDoubt.has(key)));
  for (const key of planned) {
    if (lostForSure.has(key)) expect(stored).not.toContain(key);
    else if (!inDoubt.has(key)) expect(stored).toContain(key);
  }
  expect(lost).toEqual(planned.filter((key) => lost.includes(key)));
  return { inDoubt: inDoubt.size };
}

describe.each(SENDING)("%s", (_, rows) => {
  it.each(rows.map((row) => [row.fault, row] as const))("%s", async (_, row) => {
    const { expected } = row;
    const { api, events, error, result, milliseconds } = await run(row);
    expect(error?.code, error?.message).toBe(expected.code);
    const { inDoubt } = checkAccount(row, result, new Set(api.stored()));
    expect({ stored: result.kvPairsUploaded, inDoubt }).toEqual({
      stored: expected.stored,
      inDoubt: expected.inDoubt ?? 0,
    });
    if (expected.status !== undefined) expect(error?.status).toBe(expected.status);
    if (expected.cloudflareCodes !== undefined) {
      expect(error?.cloudflareCodes).toEqual(expected.cloudflareCodes);
    }
    const [fewest, most] = [expected.requests].flat() as [number, number?];
    expect(api.requests.length).toBeGreaterThanOrEqual(fewest);
    expect(api.requests.length).toBeLessThanOrEqual(most ?? fewest);
    expect(milliseconds).toBeLessThan(expected.seconds * 1000);
    if (error !== undefined) expect(error).toMatchObject({ retries: result.retries });
    row.check?.({ api, events, milliseconds, ...(error === undefined ? {} : { error }) });
  });
});

it("docs/reliability.md shows these rows", async () => {
  await expect(reliabilityPage()).toMatchFileSnapshot("../docs/reliability.md");
});

afterAll(() => {
  expect(said.length).toBeGreaterThan(0);
  for (const text of said) expect(text).not.toContain(TOKEN);
});
