// With which account, token and API entries are written: found out as wrangler finds them.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { apiBase } from "../lib/wrangler/api-base.js";
import { deployedNamespace, listAccounts } from "../lib/wrangler/cloudflare-api.js";
import { resolveTarget } from "../lib/wrangler/resolve.js";
import { ACCOUNT, API_TOKEN, startCloudflare } from "./support/cloudflare.js";
import { listen } from "./support/loopback.js";
import { NAMESPACE, wranglerConfig, writeProject } from "./support/project.js";
import { OTHER, STAGING, resolve, stubVariables } from "./support/target.js";

describe("the account", () => {
  const root = () =>
    writeProject({ files: { "wrangler.json": wranglerConfig({ account_id: OTHER }) } });
  const bare = () => writeProject({ files: { "wrangler.json": wranglerConfig() } });

  it("comes from the option, configuration, variable or is the only one", async () => {
    const env = { CLOUDFLARE_ACCOUNT_ID: STAGING };
    const given = await resolve(root(), { accountId: NAMESPACE }, { env });
    expect(given.target).toMatchObject({ accountId: NAMESPACE });
    expect((await resolve(root(), {}, { env })).target).toMatchObject({ accountId: OTHER });
    const variable = await resolve(bare(), {}, { env });
    expect(variable.target).toMatchObject({ accountId: STAGING });
    expect(variable.cloudflare.calls).toEqual([]);
    expect((await resolve(bare())).target).toMatchObject({ accountId: ACCOUNT });
  });

  it("may come from .env, below the process's variables", async () => {
    const files = { "wrangler.json": wranglerConfig(), ".env": `CLOUDFLARE_ACCOUNT_ID=${OTHER}\n` };
    const project = writeProject({ files });
    expect((await resolve(project)).target).toMatchObject({ accountId: OTHER });
    const env = { CLOUDFLARE_ACCOUNT_ID: STAGING };
    expect((await resolve(project, {}, { env })).target).toMatchObject({ accountId: STAGING });
  });

  it("is not guessed from two", async () => {
    const accounts = [
      { id: ACCOUNT, name: "One" },
      { id: OTHER, name: "Two" },
    ];
    for (const readsMemberships of [true, false]) {
      const { target } = await resolve(bare(), {}, { api: { accounts, readsMemberships } });
      expect(target).toMatchObject({
        code: "several-accounts",
        // The name of an account often is an e-mail address, and a log may be public.
        reason: expect.stringMatching(new RegExp(`one of ${ACCOUNT}, ${OTHER}$`, "u")),
      });
    }
    vi.stubGlobal("process", Object.create(process, { stderr: { value: { isTTY: true } } }));
    onTestFinished(() => void vi.unstubAllGlobals());
    const atTerminal = await resolve(bare(), {}, { api: { accounts }, env: { CI: undefined } });
    expect(atTerminal.target).toMatchObject({
      reason: expect.stringMatching(new RegExp(`${ACCOUNT} \\(One\\), ${OTHER} \\(Two\\)$`, "u")),
    });
  });

  it("is the one wrangler remembers", async () => {
    const root = bare();
    const accounts = [
      { id: ACCOUNT, name: "One" },
      { id: OTHER, name: "Two" },
    ];
    const cache = path.join(root, "cache");
    mkdirSync(cache);
    const account = { id: OTHER, name: "Two" };
    writeFileSync(path.join(cache, "wrangler-account.json"), JSON.stringify({ account }));
    const env = { WRANGLER_CACHE_DIR: cache, HTTPS_PROXY: "http://127.0.0.1:9" };
    const { target, cloudflare } = await resolve(root, {}, { api: { accounts }, env });
    expect(target).toMatchObject({ accountId: OTHER });
    expect(cloudflare.calls).toEqual([]);
  });

  it("is found with a token that belongs to an account", async () => {
    const { target } = await resolve(bare(), {}, { api: { readsMemberships: false } });
    expect(target).toMatchObject({ accountId: ACCOUNT });
  });

  it("must look like an account id", async () => {
    const { target } = await resolve(bare(), { accountId: "me@example.com" });
    expect(target).toMatchObject({ code: "invalid-account-id" });
  });

  it("that the token cannot see is reported without the token", async () => {
    const { target } = await resolve(bare(), { apiToken: "not-a-good-token" });
    expect(target).toMatchObject({
      code: "target-unknown",
      reason: expect.stringMatching(/403.*Authentication error \[code 10000\]/u),
    });
    expect(JSON.stringify(target)).not.toContain("not-a-good-token");
  });
});

describe("an unexpected answer", () => {
  async function answering(...answers: [status: number, body: string][]) {
    const server = createServer((_, response) => {
      const [status, body] = answers.length > 1 ? answers.shift()! : answers[0]!;
      response.writeHead(status).end(body);
    });
    return `http://127.0.0.1:${await listen(server)}`;
  }

  async function targetFrom(...answers: [status: number, body: object | string][]) {
    const texts = answers.map(
      ([status, body]) =>
        [status, typeof body === "string" ? body : JSON.stringify(body)] as [number, string],
    );
    stubVariables({ CLOUDFLARE_API_TOKEN: API_TOKEN });
    const root = writeProject({ wrangler: false });
    const apiBaseUrl = await answering(...texts);
    return resolveTarget({ root, namespaceId: NAMESPACE, apiBaseUrl });
  }

  it.each<[string, number, object | string]>([
    ["a list of something else", 200, { success: true, result: null }],
    ["a list of odd things", 200, { success: true, result: [null, "x"] }],
    ["a failure without reasons", 400, { success: false, errors: null }],
    ["a failure with odd reasons", 400, { success: false, errors: [null, "no"] }],
    ["no JSON", 404, "<html>"],
  ])("is reported without its content: %s", async (_, status, body) => {
    expect(await targetFrom([status, body])).toMatchObject({
      code: "target-unknown",
      reason: expect.stringMatching(/GET \/accounts/u),
    });
  });

  it("is retried if it may be transient", async () => {
    const accounts = { success: true, result: [{ id: ACCOUNT, name: "One" }] };
    expect(await targetFrom([502, "<html>"], [200, accounts])).toMatchObject({
      accountId: ACCOUNT,
    });
  });

  it.each([
    [403, 9109, "Unauthorized to access requested resource", /set CLOUDFLARE_ACCOUNT_ID/u],
    [403, 10000, "Authentication error", /set CLOUDFLARE_ACCOUNT_ID/u],
    [400, 6003, "Invalid request headers", /token of CLOUDFLARE_API_TOKEN: it is incomplete/u],
    [400, 9106, "Authentication failed", /token of CLOUDFLARE_API_TOKEN: it is incomplete/u],
    [401, 1000, "Invalid API Token", /token of CLOUDFLARE_API_TOKEN: it is incomplete/u],
  ])("%i with code %i says what to set", async (status, code, message, advice) => {
    const refusal = { success: false, errors: [{ code, message }], result: null };
    const target = await targetFrom([status, refusal]);
    expect(target).toMatchObject({
      code: "target-unknown",
      reason: expect.stringMatching(advice),
    });
    expect((target as { reason: string }).reason).toContain(`code ${code}`);
  });

  it("to a namespace lookup names the missing permission", async () => {
    const refusal = { success: false, errors: [{ code: 10000, message: "Authentication error" }] };
    const baseUrl = await answering([403, JSON.stringify(refusal)]);
    const api = { baseUrl, token: API_TOKEN };
    await expect(deployedNamespace(api, ACCOUNT, { name: "shop" }, "KV")).rejects.toThrow(
      /Workers Scripts: Read.*--namespace-id/u,
    );
  });

  it("never shows part of the token in truncated text", async () => {
    const baseUrl = await answering([403, `${"x".repeat(490)}${API_TOKEN}`]);
    const { message } = await listAccounts({ baseUrl, token: API_TOKEN }).then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    expect(message).toContain("xxx");
    expect(message).not.toContain(API_TOKEN.slice(0, 5));
  });
});

describe("the token", () => {
  const root = () =>
    writeProject({ files: { "wrangler.json": wranglerConfig({ account_id: ACCOUNT }) } });
  const none = { CLOUDFLARE_API_TOKEN: undefined };

  it("comes from the variable", async () => {
    const { target } = await resolve(root());
    expect(target).toMatchObject({ apiToken: API_TOKEN, tokenSource: "CLOUDFLARE_API_TOKEN" });
  });

  it("comes from wrangler's login", async () => {
    const cloudflare = await startCloudflare();
    const home = stubVariables({ ...cloudflare.env, ...none });
    // Where wrangler 4 keeps what `wrangler login` got.
    const directory = path.join(home, ".wrangler", "config");
    mkdirSync(directory, { recursive: true });
    const login = [
      'oauth_token = "stored-test-login"',
      'refresh_token = "refresh"',
      'expiration_time = "2099-01-01T00:00:00.000Z"',
      'scopes = ["account:read", "workers_kv:write", "offline_access"]',
    ];
    writeFileSync(path.join(directory, "default.toml"), login.join("\n"));
    const target = await resolveTarget({ root: root() });
    expect(target).toMatchObject({ apiToken: "stored-test-login", tokenSource: "wrangler login" });
  });

  it("if missing is reported with what to set", async () => {
    const { target } = await resolve(root(), {}, { env: none });
    expect(target).toMatchObject({
      code: "no-api-token",
      namespaceId: NAMESPACE,
      reason: expect.stringMatching(
        /CLOUDFLARE_API_TOKEN.*Workers KV Storage: Edit.*wrangler login/u,
      ),
    });
    const key = { ...none, CLOUDFLARE_API_KEY: "key", CLOUDFLARE_EMAIL: "me@example.com" };
    expect((await resolve(root(), {}, { env: key })).target).toMatchObject({
      code: "no-api-token",
      reason: expect.stringContaining("CLOUDFLARE_API_KEY"),
    });
  });

  it.each([
    ["with a line break", "secret-part\nrest", "has a character at position 12"],
    ["with a line break at its end", "secret-part\n", "has white space or a line break around it"],
    ["in quotes", '"secret-part"', "is in quotes"],
    ["with the scheme", "Bearer secret-part", 'begins with "Bearer"'],
    ["with the variable's name", "CLOUDFLARE_API_TOKEN=secret-part", "begins with a variable name"],
    ["that is missing", "undefined", "is a placeholder"],
  ])("%s is rejected and not shown", async (_, token, said) => {
    const env = { CLOUDFLARE_API_TOKEN: token };
    const { target } = await resolve(root(), {}, { env });
    expect(target).toMatchObject({
      code: "invalid-api-token",
      reason: expect.stringContaining(`the API token in CLOUDFLARE_API_TOKEN ${said}`),
    });
    expect(JSON.stringify(target)).not.toContain("secret-part");
  });
});

describe("the API", () => {
  const url = (environment: Record<string, string>, configured?: string) =>
    apiBase(environment, configured);

  it.each([
    [{}, undefined, "https://api.cloudflare.com/client/v4"],
    [{ CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1/v4/" }, undefined, "http://127.0.0.1:1/v4"],
    [
      { CLOUDFLARE_COMPLIANCE_REGION: "fedramp_high" },
      undefined,
      "https://api.fed.cloudflare.com/client/v4",
    ],
    [{}, "fedramp_high", "https://api.fed.cloudflare.com/client/v4"],
    [
      { WRANGLER_API_ENVIRONMENT: "staging" },
      "public",
      "https://api.staging.cloudflare.com/client/v4",
    ],
  ])("%j with %s is %s", (environment, configured, baseUrl) => {
    expect(url(environment as Record<string, string>, configured)).toEqual({ baseUrl });
  });

  it("is never unencrypted or an impossible URL", () => {
    for (const baseUrl of [
      "http://api.example.com/v4",
      "http://127.0.0.1.example.com",
      "ftp://x",
      "x",
      "https://user:password@api.example.com/v4",
      "https://user@api.example.com/v4",
      "https://api.example.com/v4?account=1",
      "https://api.example.com/v4#top",
    ]) {
      const environment = { CLOUDFLARE_API_BASE_URL: baseUrl };
      expect(url(environment)).toMatchObject({ code: "invalid-api-base-url" });
      expect(apiBase({}, undefined, baseUrl)).toMatchObject({ code: "invalid-api-base-url" });
    }
  });

  it("is not guessed from two regions", () => {
    expect(url({ CLOUDFLARE_COMPLIANCE_REGION: "public" }, "fedramp_high")).toMatchObject({
      code: "compliance-region-conflict",
    });
    expect(url({}, "mars")).toMatchObject({ code: "compliance-region-unknown" });
  });
});
