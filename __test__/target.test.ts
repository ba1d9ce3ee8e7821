// Where entries go: found out with a real wrangler, in the order that wrangler has.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { apiBase } from "../lib/target/api-base.js";
import { listAccounts } from "../lib/target/cloudflare-api.js";
import { readEnvironment } from "../lib/target/environment.js";
import { findNamespace } from "../lib/target/namespace.js";
import { resolveLocalTarget, resolveTarget, stateDirectory, type TargetOptions } from "../lib/target/resolve.js";
import { temporaryDirectory } from "./support/build.js";
import { ACCOUNT, API_TOKEN, startCloudflare, type CloudflareOptions } from "./support/cloudflare.js";
import { NAMESPACE, wranglerConfig, writeProject } from "./support/project.js";

const OTHER = "22222222222222222222222222222222";
const STAGING = "33333333333333333333333333333333";

/** Only these variables of those that count, until the test ends. */
function stubVariables(variables: Record<string, string | undefined>) {
  for (const name of Object.keys(process.env)) {
    if (/^(?:CLOUDFLARE|CF|WRANGLER)_/u.test(name)) vi.stubEnv(name, undefined);
  }
  // No login of whoever runs the tests.
  const home = temporaryDirectory();
  const all = { HOME: home, USERPROFILE: home, XDG_CONFIG_HOME: home, CI: "1", ...variables };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  return home;
}

async function resolve(
  root: string,
  options: Partial<TargetOptions> = {},
  { api, env }: { api?: CloudflareOptions; env?: Record<string, string | undefined> } = {},
) {
  const cloudflare = await startCloudflare(api);
  const home = stubVariables({ ...cloudflare.env, ...env });
  return { target: await resolveTarget({ root, ...options }), cloudflare, home };
}

describe("the namespace", () => {
  it.each([
    ["wrangler.jsonc", `// comment\n${JSON.stringify(wranglerConfig())}`],
    ["wrangler.json", JSON.stringify(wranglerConfig())],
    [
      "wrangler.toml",
      `name = "shop"\ncompatibility_date = "2026-05-01"\n[[kv_namespaces]]\nbinding = "VINEXT_KV_CACHE"\nid = "${NAMESPACE}"\n`,
    ],
  ])("is what %s binds", async (file, content) => {
    const { target } = await resolve(writeProject({ files: { [file]: content } }));
    expect(target).toMatchObject({
      accountId: ACCOUNT,
      namespaceId: NAMESPACE,
      binding: "VINEXT_KV_CACHE",
      apiToken: API_TOKEN,
    });
  });

  it("is that of the environment, which inherits none", async () => {
    const kv_namespaces = [{ binding: "VINEXT_KV_CACHE", id: STAGING }];
    const env = { staging: { kv_namespaces }, bare: {} };
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ env }) } });
    expect((await resolve(root, { env: "staging" })).target).toMatchObject({ namespaceId: STAGING });
    const variable = await resolve(root, {}, { env: { CLOUDFLARE_ENV: "staging" } });
    expect(variable.target).toMatchObject({ namespaceId: STAGING });
    expect((await resolve(root, { env: "bare" })).target).toMatchObject({ code: "no-namespace" });
  });

  it("is not guessed for an environment that does not exist", async () => {
    const none = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    expect((await resolve(none, { env: "nope" })).target).toMatchObject({
      code: "no-such-environment",
      reason: expect.stringContaining('no environment "nope"'),
    });
    const some = writeProject({ files: { "wrangler.json": wranglerConfig({ env: { staging: {} } }) } });
    const { target } = await resolve(some, { env: "nope" });
    expect(target).toMatchObject({ code: "config-unreadable", reason: expect.stringContaining("staging") });
  });

  it("is that of the configuration the build redirects to, if it was built for that environment", async () => {
    const redirected = (targetEnvironment?: string) => {
      const built = wranglerConfig({ kv_namespaces: [{ binding: "VINEXT_KV_CACHE", id: OTHER }] });
      return writeProject({
        files: {
          "wrangler.json": wranglerConfig({ env: { staging: {} } }),
          ".wrangler/deploy/config.json": { configPath: "../../dist/server/wrangler.json" },
          "dist/server/wrangler.json": { ...built, targetEnvironment },
        },
      });
    };
    expect((await resolve(redirected())).target).toMatchObject({ namespaceId: OTHER });
    expect((await resolve(redirected("staging"), { env: "staging" })).target).toMatchObject({
      namespaceId: OTHER,
    });
    expect((await resolve(redirected(), { env: "staging" })).target).toMatchObject({
      code: "other-environment",
      reason: expect.stringContaining("CLOUDFLARE_ENV=staging"),
    });
  });

  it("is that of the binding that is named, else of the Vite configuration's", async () => {
    const kv_namespaces = [
      { binding: "VINEXT_CACHE", id: OTHER },
      { binding: "PAGES", id: STAGING },
    ];
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ kv_namespaces }) } });
    expect((await resolve(root)).target).toMatchObject({ binding: "VINEXT_CACHE", namespaceId: OTHER });
    expect((await resolve(root, { binding: "PAGES" })).target).toMatchObject({ namespaceId: STAGING });
    expect((await resolve(root, { binding: "NOPE" })).target).toMatchObject({
      code: "no-namespace",
      reason: expect.stringContaining("VINEXT_CACHE, PAGES"),
    });
    const fromVite = await resolveTarget({ root }, Promise.resolve("PAGES"));
    expect(fromVite).toMatchObject({ namespaceId: STAGING });
  });

  it("is not chosen between two", async () => {
    const kv_namespaces = [
      { binding: "VINEXT_KV_CACHE", id: NAMESPACE },
      { binding: "VINEXT_KV_CACHE", id: OTHER },
    ];
    const found = findNamespace({ kvNamespaces: kv_namespaces, configPath: "wrangler.json" });
    expect(found).toMatchObject({ code: "ambiguous-binding" });
    // Wrangler itself may refuse it first.
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ kv_namespaces }) } });
    const { target } = await resolve(root);
    expect(target).toHaveProperty("code", expect.stringMatching(/^(ambiguous-binding|config-unreadable)$/u));
  });

  it("cannot be a placeholder", async () => {
    const kv_namespaces = [{ binding: "VINEXT_KV_CACHE", id: "<your-kv-namespace-id>" }];
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ kv_namespaces }) } });
    const { target, cloudflare } = await resolve(root);
    expect(target).toMatchObject({
      code: "invalid-namespace-id",
      reason: expect.stringContaining("<your-kv-namespace-id>"),
    });
    expect(cloudflare.calls).toEqual([]);
    expect((await resolve(root, { namespaceId: "my-ns" })).target).toMatchObject({
      code: "invalid-namespace-id",
    });
  });

  it("without an id is looked up on the deployed Worker", async () => {
    const config = wranglerConfig({ kv_namespaces: [{ binding: "VINEXT_KV_CACHE" }] });
    const root = writeProject({ files: { "wrangler.json": config } });
    const workers = { shop: { VINEXT_KV_CACHE: OTHER }, "shop-staging": {} };
    expect((await resolve(root, {}, { api: { workers } })).target).toMatchObject({ namespaceId: OTHER });
    expect((await resolve(root)).target).toMatchObject({
      code: "deploy-first",
      reason: expect.stringContaining("deploy once"),
    });
  });

  it("given as an option needs no wrangler", async () => {
    const root = writeProject({ wrangler: false });
    expect((await resolve(root, { namespaceId: NAMESPACE })).target).toMatchObject({
      accountId: ACCOUNT,
      namespaceId: NAMESPACE,
    });
    expect((await resolve(root)).target).toMatchObject({
      code: "no-config",
      reason: expect.stringMatching(/wrangler is not installed.*--namespace-id/u),
    });
  });

  it("is not looked for in a configuration with a syntax error", async () => {
    const root = writeProject({ files: { "wrangler.jsonc": '{ "name": "shop", oops' } });
    const { target } = await resolve(root);
    expect(target).toMatchObject({
      code: "config-unreadable",
      reason: expect.stringContaining("wrangler.jsonc:1: "),
    });
    expect((target as { reason: string }).reason.length).toBeLessThan(600);
  });
});

describe("the account", () => {
  const root = () => writeProject({ files: { "wrangler.json": wranglerConfig({ account_id: OTHER }) } });
  const bare = () => writeProject({ files: { "wrangler.json": wranglerConfig() } });

  it("is the option's, else the configuration's, else the variable's, else the only one", async () => {
    const env = { CLOUDFLARE_ACCOUNT_ID: STAGING };
    const given = await resolve(root(), { accountId: NAMESPACE }, { env });
    expect(given.target).toMatchObject({ accountId: NAMESPACE });
    expect((await resolve(root(), {}, { env })).target).toMatchObject({ accountId: OTHER });
    const variable = await resolve(bare(), {}, { env });
    expect(variable.target).toMatchObject({ accountId: STAGING });
    expect(variable.cloudflare.calls).toEqual([]);
    expect((await resolve(bare())).target).toMatchObject({ accountId: ACCOUNT });
  });

  it("may stand in .env, beneath the process's variables", async () => {
    const files = { "wrangler.json": wranglerConfig(), ".env": `CLOUDFLARE_ACCOUNT_ID=${OTHER}\n` };
    const project = writeProject({ files });
    expect((await resolve(project)).target).toMatchObject({ accountId: OTHER });
    const env = { CLOUDFLARE_ACCOUNT_ID: STAGING };
    expect((await resolve(project, {}, { env })).target).toMatchObject({ accountId: STAGING });
  });

  it("is not chosen between two", async () => {
    const accounts = [
      { id: ACCOUNT, name: "One" },
      { id: OTHER, name: "Two" },
    ];
    for (const readsMemberships of [true, false]) {
      const { target } = await resolve(bare(), {}, { api: { accounts, readsMemberships } });
      expect(target).toMatchObject({
        code: "several-accounts",
        reason: expect.stringMatching(new RegExp(`${ACCOUNT} \\(One\\).*${OTHER} \\(Two\\)`, "u")),
      });
    }
  });

  it("is found with a token that belongs to an account", async () => {
    const { target } = await resolve(bare(), {}, { api: { readsMemberships: false } });
    expect(target).toMatchObject({ accountId: ACCOUNT });
  });

  it("needs the form of an account id", async () => {
    const { target } = await resolve(bare(), { accountId: "me@example.com" });
    expect(target).toMatchObject({ code: "invalid-account-id" });
  });

  it("that the token may not see is said without the token", async () => {
    const { target } = await resolve(bare(), { apiToken: "not-a-good-token" });
    expect(target).toMatchObject({
      code: "target-unknown",
      reason: expect.stringMatching(/403.*Authentication error \[code 10000\]/u),
    });
    expect(JSON.stringify(target)).not.toContain("not-a-good-token");
  });
});

describe("an answer that is not Cloudflare's", () => {
  async function answering(status: number, body: string) {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each([
    ["a list of something else", 200, { success: true, result: null }],
    ["a failure without reasons", 500, { success: false, errors: null }],
    ["a failure with odd reasons", 500, { success: false, errors: [null, "no"] }],
    ["no JSON", 502, "<html>"],
  ])("is said, and nothing more: %s", async (_, status, body) => {
    const apiBaseUrl = await answering(status, typeof body === "string" ? body : JSON.stringify(body));
    stubVariables({ CLOUDFLARE_API_TOKEN: API_TOKEN });
    const root = writeProject({ wrangler: false });
    const target = await resolveTarget({ root, namespaceId: NAMESPACE, apiBaseUrl });
    expect(target).toMatchObject({
      code: "target-unknown",
      reason: expect.stringMatching(/^Cloudflare answered GET \/accounts/u),
    });
  });

  it("does not show a part of the token either, where it is cut", async () => {
    const baseUrl = await answering(403, `${"x".repeat(490)}${API_TOKEN}`);
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

  it("is the variable's", async () => {
    const { target } = await resolve(root());
    expect(target).toMatchObject({ apiToken: API_TOKEN, tokenSource: "CLOUDFLARE_API_TOKEN" });
  });

  it("is that of wrangler's login", async () => {
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

  it("missing is said, with what to set and what is known", async () => {
    const { target } = await resolve(root(), {}, { env: none });
    expect(target).toMatchObject({
      code: "no-api-token",
      namespaceId: NAMESPACE,
      reason: expect.stringMatching(/CLOUDFLARE_API_TOKEN.*Workers KV Storage: Edit.*wrangler login/u),
    });
    const key = { ...none, CLOUDFLARE_API_KEY: "key", CLOUDFLARE_EMAIL: "me@example.com" };
    expect((await resolve(root(), {}, { env: key })).target).toMatchObject({
      code: "no-api-token",
      reason: expect.stringContaining("CLOUDFLARE_API_KEY"),
    });
  });

  it("with a line break is refused, and not shown", async () => {
    const env = { CLOUDFLARE_API_TOKEN: "secret-part\nrest" };
    const { target } = await resolve(root(), {}, { env });
    expect(target).toMatchObject({ code: "invalid-api-token" });
    expect(JSON.stringify(target)).not.toContain("secret-part");
  });
});

describe("the local namespace", () => {
  it.each([
    ["preview_id", { preview_id: "preview", id: NAMESPACE }, "preview"],
    ["id", { id: NAMESPACE }, NAMESPACE],
    ["binding", {}, "VINEXT_KV_CACHE"],
  ])("is the %s", async (_, ids, expected) => {
    const kv_namespaces = [{ binding: "VINEXT_KV_CACHE", ...ids }];
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ kv_namespaces }) } });
    stubVariables({});
    const target = await resolveLocalTarget({ root });
    expect(target).toMatchObject({
      namespaceId: expected,
      persistTo: path.join(root, ".wrangler", "state"),
    });
    expect(await resolveLocalTarget({ root, persistTo: "kv" })).toMatchObject({
      persistTo: path.join(root, "kv"),
    });
  });
});

describe("the local state's directory on Windows", () => {
  const place = (persistTo?: string, config?: object) =>
    stateDirectory("C:\\sites\\my shop", persistTo, config, path.win32);

  it("stands beside the user's configuration, else in the project", () => {
    const userConfigPath = "C:\\sites\\wrangler.jsonc";
    const configPath = "C:\\sites\\my shop\\dist\\server\\wrangler.json";
    expect(place(undefined, { userConfigPath, configPath })).toBe("C:\\sites\\.wrangler\\state");
    expect(place()).toBe("C:\\sites\\my shop\\.wrangler\\state");
  });

  it("may be on another drive or share", () => {
    expect(place("..\\kv")).toBe("C:\\sites\\kv");
    expect(place("D:/kv")).toBe("D:\\kv");
    expect(place("\\\\nas\\share\\kv")).toBe("\\\\nas\\share\\kv");
  });
});

describe("the API", () => {
  const url = (environment: Record<string, string>, configured?: string) =>
    apiBase(environment, configured);

  it.each([
    [{}, undefined, "https://api.cloudflare.com/client/v4"],
    [{ CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1/v4/" }, undefined, "http://127.0.0.1:1/v4"],
    [{ CLOUDFLARE_COMPLIANCE_REGION: "fedramp_high" }, undefined, "https://api.fed.cloudflare.com/client/v4"],
    [{}, "fedramp_high", "https://api.fed.cloudflare.com/client/v4"],
    [{ WRANGLER_API_ENVIRONMENT: "staging" }, "public", "https://api.staging.cloudflare.com/client/v4"],
  ])("%j with %s is %s", (environment, configured, baseUrl) => {
    expect(url(environment as Record<string, string>, configured)).toEqual({ baseUrl });
  });

  it("is never one that the token would be sent to in the clear", () => {
    for (const baseUrl of ["http://api.example.com/v4", "http://127.0.0.1.example.com", "ftp://x", "x"]) {
      const environment = { CLOUDFLARE_API_BASE_URL: baseUrl };
      expect(url(environment)).toMatchObject({ code: "invalid-api-base-url" });
      expect(apiBase({}, undefined, baseUrl)).toMatchObject({ code: "invalid-api-base-url" });
    }
  });

  it("is not chosen between two regions", () => {
    expect(url({ CLOUDFLARE_COMPLIANCE_REGION: "public" }, "fedramp_high")).toMatchObject({
      code: "compliance-region-conflict",
    });
    expect(url({}, "mars")).toMatchObject({ code: "compliance-region-unknown" });
  });
});

it("reads .env files in wrangler's order", () => {
  const root = temporaryDirectory();
  writeFileSync(path.join(root, ".env"), "A=1\nB=1\nC=1\n");
  writeFileSync(path.join(root, ".env.staging"), "B=2\n");
  const own = { C: "3", CF_API_TOKEN: "old" };
  expect(readEnvironment(root, "staging", own)).toMatchObject({
    A: "1",
    B: "2",
    C: "3",
    CLOUDFLARE_API_TOKEN: "old",
  });
  expect(readEnvironment(root, undefined, own).B).toBe("1");
});
