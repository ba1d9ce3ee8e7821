// Which namespace entries go to: found out with a real wrangler, in the order that wrangler has.

import path from "node:path";
import { describe, expect, it } from "vitest";
import { findNamespace } from "../lib/wrangler/namespace.js";
import { resolveLocalTarget, resolveTarget, stateDirectory } from "../lib/wrangler/resolve.js";
import { ACCOUNT, API_TOKEN } from "./support/cloudflare.js";
import { NAMESPACE, wranglerConfig, writeProject } from "./support/project.js";
import { OTHER, STAGING, resolve, stubVariables } from "./support/target.js";

describe("the namespace", () => {
  it.each([
    ["wrangler.jsonc", `// comment\n${JSON.stringify(wranglerConfig())}`],
    ["wrangler.json", JSON.stringify(wranglerConfig())],
    [
      "wrangler.toml",
      `name = "shop"\ncompatibility_date = "2026-05-01"\n[[kv_namespaces]]\nbinding = "VINEXT_KV_CACHE"\nid = "${NAMESPACE}"\n`,
    ],
  ])("is the one %s binds", async (file, content) => {
    const { target } = await resolve(writeProject({ files: { [file]: content } }));
    expect(target).toMatchObject({
      accountId: ACCOUNT,
      namespaceId: NAMESPACE,
      binding: "VINEXT_KV_CACHE",
      apiToken: API_TOKEN,
    });
  });

  it("comes from the environment, without inheritance", async () => {
    const kv_namespaces = [{ binding: "VINEXT_KV_CACHE", id: STAGING }];
    const env = { staging: { kv_namespaces }, bare: {} };
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ env }) } });
    expect((await resolve(root, { env: "staging" })).target).toMatchObject({
      namespaceId: STAGING,
    });
    const variable = await resolve(root, {}, { env: { CLOUDFLARE_ENV: "staging" } });
    expect(variable.target).toMatchObject({ namespaceId: STAGING });
    expect((await resolve(root, { env: "bare" })).target).toMatchObject({ code: "no-namespace" });
  });

  it("is not guessed for an unknown environment", async () => {
    const none = writeProject({ files: { "wrangler.json": wranglerConfig() } });
    expect((await resolve(none, { env: "nope" })).target).toMatchObject({
      code: "no-such-environment",
      reason: expect.stringContaining('no environment "nope"'),
    });
    const some = writeProject({
      files: { "wrangler.json": wranglerConfig({ env: { staging: {} } }) },
    });
    const { target } = await resolve(some, { env: "nope" });
    expect(target).toMatchObject({
      code: "config-unreadable",
      reason: expect.stringContaining("staging"),
    });
  });

  it("comes from the redirected configuration if built for that environment", async () => {
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
      code: "environment-mismatch",
      reason: expect.stringContaining("CLOUDFLARE_ENV=staging"),
    });
  });

  it("comes from the given binding, else the Vite configuration's", async () => {
    const kv_namespaces = [
      { binding: "VINEXT_CACHE", id: OTHER },
      { binding: "PAGES", id: STAGING },
    ];
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ kv_namespaces }) } });
    expect((await resolve(root)).target).toMatchObject({
      binding: "VINEXT_CACHE",
      namespaceId: OTHER,
    });
    expect((await resolve(root, { binding: "PAGES" })).target).toMatchObject({
      namespaceId: STAGING,
    });
    expect((await resolve(root, { binding: "NOPE" })).target).toMatchObject({
      code: "no-namespace",
      reason: expect.stringContaining("VINEXT_CACHE, PAGES"),
    });
    const fromVite = await resolveTarget({ root }, Promise.resolve("PAGES"));
    expect(fromVite).toMatchObject({ namespaceId: STAGING });
  });

  it("is not guessed from two", async () => {
    const kv_namespaces = [
      { binding: "VINEXT_KV_CACHE", id: NAMESPACE },
      { binding: "VINEXT_KV_CACHE", id: OTHER },
    ];
    const found = findNamespace({
      kvNamespaces: kv_namespaces,
      configPath: "wrangler.json",
      isTyped: false,
    });
    expect(found).toMatchObject({ code: "ambiguous-binding" });
    // Wrangler itself may refuse it first.
    const root = writeProject({ files: { "wrangler.json": wranglerConfig({ kv_namespaces }) } });
    const { target } = await resolve(root);
    expect(target).toHaveProperty(
      "code",
      expect.stringMatching(/^(ambiguous-binding|config-unreadable)$/u),
    );
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
    expect((await resolve(root, {}, { api: { workers } })).target).toMatchObject({
      namespaceId: OTHER,
    });
    expect((await resolve(root)).target).toMatchObject({
      code: "deploy-first",
      reason: expect.stringContaining("--after-deploy"),
    });
  });

  it("passed as an option needs no wrangler", async () => {
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

  it("is not read from a configuration with a syntax error", async () => {
    const root = writeProject({ files: { "wrangler.jsonc": '{ "name": "shop", oops' } });
    const { target } = await resolve(root);
    expect(target).toMatchObject({
      code: "config-unreadable",
      reason: expect.stringContaining("wrangler.jsonc:1: "),
    });
    expect((target as { reason: string }).reason.length).toBeLessThan(600);
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

  it("is next to the user's configuration or in the project", () => {
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
