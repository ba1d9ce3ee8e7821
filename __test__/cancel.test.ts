// Progress, cancellation, and ends that come early.

import { spawn } from "node:child_process";
import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { exportKvSeed, planKvSeed, type SeedProgress } from "../index.js";
import { buildOf, rendered, temporaryDirectory } from "./support/build.js";
import { listen } from "./support/loopback.js";
import { startRecorder } from "./support/recorder.js";
import { TARGET, failureOf, seed } from "./support/seed.js";

const build = () => buildOf([rendered("/a"), rendered("/b")], { "a.html": "a", "b.html": "b" });
const ADDON = fileURLToPath(new URL("../index.js", import.meta.url));

/** An API that takes requests and never answers. */
async function startSilence() {
  let arrived = 0;
  let closed = 0;
  const server = createServer(() => {});
  server.on("request", (request) => {
    arrived += 1;
    request.resume().on("close", () => (closed += 1));
  });
  const baseUrl = `http://127.0.0.1:${await listen(server)}`;
  return { baseUrl, arrived: () => arrived, closed: () => closed };
}

const until = (condition: () => boolean) => expect.poll(condition, { timeout: 20_000 }).toBe(true);

describe("progress", () => {
  it("goes from plan to send to done, before the promise settles", async () => {
    const api = await startRecorder();
    const events: SeedProgress[] = [];
    const result = await seed({
      root: build(),
      apiBaseUrl: api.baseUrl,
      onProgress: (progress) => events.push(progress),
    });
    const before = events.length;
    await sleep(200);
    expect(events).toHaveLength(before);
    expect(events[0]).toEqual({ phase: "plan", routes: 0, total: 0, pairs: 0, bytes: 0 });
    expect(events.at(-1)).toEqual({
      phase: "done",
      routes: 2,
      total: 2,
      pairs: 2,
      bytes: result.bytesUploaded,
    });
    expect(new Set(events.map(({ phase }) => phase))).toEqual(new Set(["plan", "send", "done"]));
  });

  it.each([
    ["an error", new Error("mine")],
    ["a symbol", Symbol("mine")],
    ["undefined", undefined],
    ["null", null],
    ["text", "mine"],
  ])("that throws %s cancels the run, which rejects with it", async (_, thrown) => {
    // Nothing but the cancellation would end this run.
    const api = await startSilence();
    let caught: unknown = "nothing";
    await seed({
      root: build(),
      apiBaseUrl: api.baseUrl,
      onProgress() {
        throw thrown;
      },
    }).catch((error: unknown) => (caught = error));
    expect(caught).toBe(thrown);
  });

  it("is called at most ten times a second, however much happens", async () => {
    const paths = Array.from({ length: 300 }, (_, index) => `/p${index}`);
    const files = Object.fromEntries(paths.map((pathname) => [`${pathname.slice(1)}.html`, "x"]));
    const api = await startRecorder();
    let events = 0;
    const started = performance.now();
    await seed({
      root: buildOf(
        paths.map((pathname) => rendered(pathname)),
        files,
      ),
      apiBaseUrl: api.baseUrl,
      maxBatchPairs: 1,
      onProgress: () => (events += 1),
    });
    const tenths = (performance.now() - started) / 100;
    expect(api.requests).toHaveLength(300);
    // One for each phase comes on top.
    expect(events).toBeLessThanOrEqual(tenths + 4);
    expect(events).toBeGreaterThanOrEqual(3);
  });
});

describe("a signal", () => {
  it("that is already aborted prevents the run", async () => {
    const api = await startRecorder();
    const reason = new Error("why");
    const signal = AbortSignal.abort(reason);
    const error = await failureOf(seed({ root: build(), apiBaseUrl: api.baseUrl, signal }));
    expect(error).toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: reason });
    expect(error).toBeInstanceOf(Error);
    expect(api.requests).toHaveLength(0);
  });

  it("aborted during a request drops the request", async () => {
    const api = await startSilence();
    const controller = new AbortController();
    const run = failureOf(
      seed({ root: build(), apiBaseUrl: api.baseUrl, signal: controller.signal }),
    );
    await until(() => api.arrived() === 1);
    controller.abort();
    expect(await run).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
    await until(() => api.closed() === 1);
    expect(api.arrived()).toBe(1);
  });

  it("keeps its own listeners and loses ours", async () => {
    const api = await startRecorder();
    const { signal } = new AbortController();
    const mine = () => {};
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    signal.onabort = mine;
    const before = getEventListeners(signal, "abort").length;
    await seed({ root: build(), apiBaseUrl: api.baseUrl, signal });
    expect(signal.onabort).toBe(mine);
    expect(getEventListeners(signal, "abort")).toHaveLength(before);
    const refusing = await startRecorder({ status: 401 });
    await failureOf(seed({ root: build(), apiBaseUrl: refusing.baseUrl, signal }));
    const { runtime } = TARGET;
    await planKvSeed({ root: build(), runtime, signal });
    await exportKvSeed({ root: build(), directory: temporaryDirectory(), runtime, signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(before);
  });

  const throws = () => {
    throw new Error("of the caller");
  };

  it.each<[string, PropertyDescriptorMap]>([
    ["removeEventListener throws", { removeEventListener: { value: throws } }],
    ["removeEventListener cannot be read", { removeEventListener: { get: throws } }],
    ["removeEventListener is missing", { removeEventListener: { value: undefined } }],
    ["reason cannot be read", { reason: { get: throws } }],
  ])("whose %s does not keep the promise open", async (_, properties) => {
    const api = await startRecorder();
    const { signal } = new AbortController();
    Object.defineProperties(signal, properties);
    const { kvPairsUploaded } = await seed({ root: build(), apiBaseUrl: api.baseUrl, signal });
    expect(kvPairsUploaded).toBe(2);
    const silent = await startSilence();
    const controller = new AbortController();
    Object.defineProperties(controller.signal, properties);
    const aborted = failureOf(
      seed({ root: build(), apiBaseUrl: silent.baseUrl, signal: controller.signal }),
    );
    await until(() => silent.arrived() === 1);
    controller.abort();
    expect(await aborted).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
  });

  it("with a throwing addEventListener rejects with the error", async () => {
    const { signal } = new AbortController();
    Object.defineProperty(signal, "addEventListener", { value: throws });
    const error = await failureOf(seed({ root: build(), signal }));
    expect(error.message).toBe("of the caller");
  });

  it("that times out is reported as the cause", async () => {
    const api = await startSilence();
    const signal = AbortSignal.timeout(100);
    const error = await failureOf(seed({ root: build(), apiBaseUrl: api.baseUrl, signal }));
    expect(error.name).toBe("AbortError");
    expect(error.cause).toMatchObject({ name: "TimeoutError" });
  });
});

describe("a run that ends early", () => {
  const options = (baseUrl: string) =>
    JSON.stringify({ root: build(), ...TARGET, apiBaseUrl: baseUrl });

  it("of a worker thread ends the run", async () => {
    const api = await startSilence();
    const code = `import(${JSON.stringify(ADDON)}).then((addon) => addon.seedKvCache(${options(api.baseUrl)}));`;
    const worker = new Worker(code, { eval: true });
    await until(() => api.arrived() === 1);
    await worker.terminate();
    await until(() => api.closed() === 1);
  });

  it("of the process ends it cleanly", async () => {
    const api = await startSilence();
    const code = `import { seedKvCache } from ${JSON.stringify(ADDON)};
      seedKvCache(${options(api.baseUrl)});
      process.on("message", () => process.exit(7));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (text) => (output += text));
    const exit = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    await until(() => api.arrived() === 1);
    child.send("exit");
    expect(await exit).toEqual([7, null]);
    expect(output).toBe("");
  });
});

it("parallel runs do not interfere", async () => {
  const runs = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const api = await startRecorder();
      const root = buildOf([rendered(`/p${index}`)], { [`p${index}.html`]: String(index) });
      const result = await seed({ root, apiBaseUrl: api.baseUrl });
      return { result, keys: api.pairs().map((pair) => pair.key) };
    }),
  );
  for (const [index, { result, keys }] of runs.entries()) {
    expect(result.seededRoutes).toBe(1);
    expect(keys).toHaveLength(1);
    expect(keys[0]).toContain(`/p${index}:html`);
  }
});
