// VINEXT_SEED_LOG: what the engine does, on standard error, without secrets.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { buildOf, rendered } from "./support/build.js";
import { startProxy } from "./support/proxy.js";
import { failing, page, startScriptedApi, type Script } from "./support/scripted-api.js";
import { TARGET, TOKEN } from "./support/seed.js";

const CHILD = fileURLToPath(new URL("support/seed-child.js", import.meta.url));
const PASSWORD = "pr0xy-s3cret";

async function logOf(script: Script, env: Record<string, string>) {
  const api = await startScriptedApi(script);
  const names = ["a", "b", "c", "d"];
  const root = buildOf(
    names.map((name) => rendered(`/${name}`)),
    Object.fromEntries(names.map((name) => [`${name}.html`, "x"])),
  );
  const retry = { attempts: 3, initialDelayMs: 5, maxDelayMs: 5 };
  const options = { ...TARGET, root, apiBaseUrl: api.baseUrl, retry, concurrency: 1 };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (text) => (log += text));
  await new Promise((resolve) => child.once("close", resolve));
  return log;
}

/** Something of everything: a retry, splits, a pause, a refusal that quotes the request. */
const EVENTFUL: Script = (request, number) => {
  if (number === 1) return failing(500, 10001, `bad request: Bearer ${TOKEN}`);
  if (request.pairs.length > 2) return page(413, `413 for ${TOKEN.toUpperCase()}`);
  return number === 3 ? failing(429, 971) : {};
};

it("debug shows stages, requests, retries and splits, and no secret", async () => {
  const proxy = await startProxy(`user:${PASSWORD}`);
  const log = await logOf(EVENTFUL, {
    VINEXT_SEED_LOG: "debug",
    HTTP_PROXY: `http://user:${PASSWORD}@127.0.0.1:${proxy.port}`,
  });
  for (const event of [
    /DEBUG vinext_seed::seed: planning /u,
    /packing and sending routes=4/u,
    /request pairs=4 bytes=\d+/u,
    /request failed: KV bulk upload failed: HTTP 500 .*Bearer \[token\] .*kind=Transient/u,
    /retry attempt=2 wait_ms=\d+/u,
    /split pairs=4 parts=2/u,
    /throttled: all requests pause wait_ms=\d+/u,
    /stored pairs=2 took_ms=\d+/u,
    /done stored=4 /u,
  ]) {
    expect(log).toMatch(event);
  }
  expect(log.toLowerCase()).not.toContain(TOKEN.toLowerCase());
  expect(log).not.toContain(PASSWORD);
  expect(log).not.toContain(Buffer.from(`user:${PASSWORD}`).toString("base64").slice(0, 20));
  expect(log).not.toContain("\u001b");
});

it("trace shows each exchange, and no secret", async () => {
  const log = await logOf(EVENTFUL, { VINEXT_SEED_LOG: "trace" });
  expect(log).toMatch(/TRACE vinext_seed::store::http::exchange: exchange method=PUT host="127/u);
  expect(log).not.toMatch(/hyper|reqwest|rustls/u);
  expect(log.toLowerCase()).not.toContain(TOKEN.toLowerCase());
});

it("warn shows why a run ends", async () => {
  const log = await logOf([failing(401, 10000)], { VINEXT_SEED_LOG: "warn" });
  expect(log.trim().split("\n")).toEqual([expect.stringMatching(/WARN .*the run ends: KV bulk/u)]);
});

it.each([undefined, "", "off", "nonsense"])("%s shows nothing", async (level) => {
  const env: Record<string, string> = level === undefined ? {} : { VINEXT_SEED_LOG: level };
  expect(await logOf(EVENTFUL, env)).toBe("");
});
