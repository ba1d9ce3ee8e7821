// Questions to Cloudflare's API: the same proxies, certificates, retries and bounds as an upload.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { apiRequest, checkApiBaseUrl, type ApiRequest } from "../lib/binding.js";
import { temporaryDirectory } from "./support/build.js";
import { createAuthority } from "./support/certificates.js";
import { listen } from "./support/loopback.js";
import { startProxy } from "./support/proxy.js";
import { TOKEN, failureOf, type SeedError } from "./support/seed.js";

const OK = { success: true, errors: [], messages: [], result: [{ id: "1" }] };

type Step = RequestListener | { status?: number; headers?: Record<string, string>; body?: unknown };

/** An API that answers from a script, the last step again and again. */
async function startApi(...script: Step[]) {
  const asked: { url: string | undefined; authorization: string | undefined }[] = [];
  const listener: RequestListener = (request, response) => {
    const step = script[Math.min(asked.length, script.length - 1)] ?? {};
    asked.push({ url: request.url, authorization: request.headers.authorization });
    if (typeof step === "function") return void step(request, response);
    const { status = 200, headers = {}, body = OK } = step;
    response.writeHead(status, headers);
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const port = await listen(createServer(listener));
  return { apiBaseUrl: `http://127.0.0.1:${port}/client/v4`, asked, listener };
}

const ask = (apiBaseUrl: string, more: Partial<ApiRequest> = {}) =>
  apiRequest({ apiBaseUrl, path: "/accounts", apiToken: TOKEN, ...more });

const failing = (status: number, code: number) => ({
  status,
  body: { ...OK, success: false, errors: [{ code, message: `no, ${TOKEN}` }], result: null },
});

describe("apiRequest", () => {
  it("returns the result and the next page's cursor", async () => {
    const body = { ...OK, result_info: { page: 1, total_pages: 2 } };
    const { apiBaseUrl, asked } = await startApi({ body, headers: { "cf-ray": "8f-AMS" } });
    const answer = await ask(apiBaseUrl, { query: { per_page: "50", name: "a b&c" } });
    expect(answer).toEqual({
      status: 200,
      success: true,
      result: [{ id: "1" }],
      resultInfo: { page: 1, total_pages: 2 },
      errors: [],
      requestId: "8f-AMS",
      warnings: [],
    });
    const url = new URL(asked[0]?.url ?? "", apiBaseUrl);
    expect(url.pathname).toBe("/client/v4/accounts");
    expect(Object.fromEntries(url.searchParams)).toEqual({ per_page: "50", name: "a b&c" });
    expect(asked[0]?.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it.each([
    [401, 10000],
    [403, 9109],
    [404, 10007],
    [400, 6003],
    [200, 10001],
  ])("does not retry a final error: %i with code %i", async (status, code) => {
    const { apiBaseUrl, asked } = await startApi(failing(status, code));
    const answer = await ask(apiBaseUrl);
    expect(answer).toMatchObject({ status, success: false, result: null });
    expect(answer.errors).toEqual([{ code, message: "no, [token]" }]);
    expect(asked).toHaveLength(1);
  });
});

describe("transient errors are retried", () => {
  it.each<[string, Step]>([
    ["502 with a page", { status: 502, body: "<html><title>Bad gateway</title></html>" }],
    ["503", failing(503, 10001)],
    ["429", failing(429, 971)],
    ["429 with retry-after", { ...failing(429, 10429), headers: { "retry-after": "1" } }],
    ["a reset", (request) => void request.socket.resetAndDestroy()],
    ["a page instead of an answer", { body: "<html>Welcome to our guest network</html>" }],
    ["half an answer", { body: '{"success":true,"resu' }],
  ])("%s", async (_, step) => {
    const { apiBaseUrl, asked } = await startApi(step, {});
    await expect(ask(apiBaseUrl)).resolves.toMatchObject({ status: 200, success: true });
    expect(asked).toHaveLength(2);
  });

  it("at most five times", async () => {
    const { apiBaseUrl, asked } = await startApi({ status: 502, body: `<html>${TOKEN}</html>` });
    const error = await failureOf(ask(apiBaseUrl));
    expect(error).toMatchObject({ code: "API_HTTP_ERROR", status: 502, cloudflareCodes: [] });
    expect(error.message).not.toContain(TOKEN);
    expect(asked).toHaveLength(5);
  }, 20_000);

  it("but not a redirect, which would send the token elsewhere", async () => {
    const elsewhere = await startApi();
    const headers = { location: `${elsewhere.apiBaseUrl}/accounts` };
    const { apiBaseUrl } = await startApi({ status: 302, headers, body: "" });
    const error = await failureOf(ask(apiBaseUrl));
    expect(error).toMatchObject({ code: "API_HTTP_ERROR", status: 302 });
    expect(elsewhere.asked).toEqual([]);
  });
});

describe("limits replies", () => {
  it("by length", async () => {
    const { apiBaseUrl, asked } = await startApi({ body: { ...OK, result: "x".repeat(2000) } });
    const error = await failureOf(ask(apiBaseUrl, { maxReplyBytes: 1000 }));
    expect(error).toMatchObject({ code: "API_REPLY_TOO_LARGE", status: 200 });
    expect(error.message).toContain("1000 bytes");
    expect(asked).toHaveLength(1);
    await expect(ask(apiBaseUrl, { maxReplyBytes: 3000 })).resolves.toMatchObject({ status: 200 });
  });

  it("that never end", async () => {
    const { apiBaseUrl } = await startApi((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", more);
      more();
    });
    const error = await failureOf(ask(apiBaseUrl));
    expect(error.code).toBe("API_REPLY_TOO_LARGE");
  });

  it("that are compressed, without decompressing them", async () => {
    const bomb = gzipSync(JSON.stringify({ ...OK, result: "x".repeat(100_000_000) }));
    const { apiBaseUrl } = await startApi((request, response) => {
      expect(request.headers["accept-encoding"]).toBeUndefined();
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    }, {});
    const before = process.memoryUsage().rss;
    await expect(ask(apiBaseUrl)).resolves.toMatchObject({ result: OK.result });
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });
});

describe("an abort", () => {
  it.each<[string, Step]>([
    ["while the reply is awaited", () => {}],
    ["while a retry is awaited", { ...failing(429, 971), headers: { "retry-after": "60" } }],
  ])("%s ends it immediately", async (_, step) => {
    const { apiBaseUrl, asked } = await startApi(step);
    const controller = new AbortController();
    const failed = failureOf(ask(apiBaseUrl, { signal: controller.signal }));
    while (asked.length === 0) await sleep(5);
    await sleep(50);
    const started = performance.now();
    controller.abort(new Error("enough"));
    const error = await failed;
    expect(performance.now() - started).toBeLessThan(500);
    expect(error).toMatchObject({ name: "AbortError", code: "ABORT_ERR" });
    expect(error.cause).toMatchObject({ message: "enough" });
  });

  it("before the start sends nothing", async () => {
    const { apiBaseUrl, asked } = await startApi();
    const error = await failureOf(ask(apiBaseUrl, { signal: AbortSignal.abort() }));
    expect(error.code).toBe("ABORT_ERR");
    expect(asked).toEqual([]);
  });
});

describe("rejects invalid requests before sending anything", () => {
  it.each<[string, Partial<ApiRequest>]>([
    ["an API base with credentials", { apiBaseUrl: "https://user:pass@api.example/v4" }],
    ["an API base in the clear", { apiBaseUrl: "http://api.example/v4" }],
    ["a path that is outside the API", { path: "/../../elsewhere" }],
    ["a path with a query", { path: "/accounts?a=b" }],
    ["a token that no header can carry", { apiToken: "a\nb" }],
    ["an empty token", { apiToken: "" }],
  ])("%s", async (_, more) => {
    const { apiBaseUrl, asked } = await startApi();
    const error = await failureOf(ask(apiBaseUrl, more));
    expect(error.code).toBe("INVALID_OPTION");
    expect(error.message).not.toMatch(/pass@|a\nb/u);
    expect(asked).toEqual([]);
  });

  it("checkApiBaseUrl rejects the same URLs", () => {
    expect(checkApiBaseUrl("https://api.example/client/v4")).toBeNull();
    expect(checkApiBaseUrl("http://localhost:8787/client/v4")).toBeNull();
    expect(checkApiBaseUrl("http://api.example")).toMatch(/^must begin with https/u);
    expect(checkApiBaseUrl("https://u:p@api.example")).toMatch(/^must not contain a user name/u);
    expect(checkApiBaseUrl("https://api.example/?a=b")).toMatch(/query/u);
    expect(checkApiBaseUrl("nonsense")).toBe("is not a URL");
  });
});

describe("the environment", () => {
  const CHILD = fileURLToPath(new URL("support/api-request-child.js", import.meta.url));

  async function askWith(apiBaseUrl: string, env: Record<string, string>) {
    const request = JSON.stringify({ apiBaseUrl, path: "/accounts", apiToken: TOKEN });
    const child = spawn(process.execPath, [CHILD, request], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    await new Promise((resolve) => child.once("close", resolve));
    expect(output).not.toContain(TOKEN);
    return JSON.parse(output) as { answer?: { result: unknown }; error?: SeedError };
  }

  it("supplies proxies and certificate authorities", async () => {
    const authority = await createAuthority();
    const { listener } = await startApi({});
    const port = await listen(createSecureServer(await authority.issue(), listener));
    const apiBaseUrl = `https://localhost:${port}/client/v4`;
    const ca = path.join(temporaryDirectory(), "ca.pem");
    writeFileSync(ca, authority.pem);
    const proxy = await startProxy();
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const { answer } = await askWith(apiBaseUrl, { ...env, SSL_CERT_FILE: ca });
    expect(answer?.result).toEqual(OK.result);
    expect(proxy.asked).toEqual([`CONNECT localhost:${port}`]);
    const { error } = await askWith(apiBaseUrl, env);
    expect(error).toMatchObject({ code: "TLS_UNTRUSTED" });
    expect(error?.message).toContain("NODE_EXTRA_CA_CERTS");
  });
});
