// `vinext-seed deploy` on real projects, with their real build and their real wrangler, against a
// loopback API.

import { describe, expect, it } from "vitest";
import { ACCOUNT } from "../support/cloudflare.js";
import {
  deploy,
  deployable,
  PLAIN_VITE_CONFIG,
  expectAllHit,
  expectSeededBeforeUpload,
  served,
} from "../support/deployable.js";
import { NAMESPACE } from "../support/project.js";

const STAGING = "33333333333333333333333333333333";

const CONFIG = {
  name: "shop",
  compatibility_date: "2026-04-01",
  compatibility_flags: ["nodejs_compat"],
  main: "vinext/server/app-router-entry",
  assets: { directory: "dist/client", not_found_handling: "none", binding: "ASSETS" },
};

const binding = (id: string) => [{ binding: "VINEXT_KV_CACHE", id }];

describe.each(["0.2.1", "1.0.0-beta.10", "1.4.0"])("with vinext %s", (version) => {
  it("builds, seeds, deploys, and the Worker finds the entries", async () => {
    const root = deployable(version);
    const { code, output, cloudflare } = await deploy(root, ["vinext-seed", "deploy"]);
    expect(code, output).toBe(0);
    expect(output).toMatch(/Seeded \d+ pages into VINEXT_KV_CACHE/u);
    expectSeededBeforeUpload(cloudflare, NAMESPACE);
    expectAllHit(await served(root, cloudflare.pairs(), NAMESPACE));
  });
});

describe("with vinext 1.4.0", () => {
  it("does not seed with --no-seed-cache", async () => {
    const args = ["vinext-seed", "deploy", "--no-seed-cache"];
    const { code, output, cloudflare } = await deploy(deployable("1.4.0"), args);
    expect(code, output).toBe(0);
    expect(cloudflare.writes().map(({ what }) => what)).toEqual(["worker"]);
  });

  it("seeds and deploys the given environment", async () => {
    const env = { staging: { kv_namespaces: binding(STAGING), assets: CONFIG.assets } };
    const config = { ...CONFIG, kv_namespaces: binding(NAMESPACE), env };
    const root = deployable("1.4.0", { "wrangler.jsonc": JSON.stringify(config) });
    const { code, output, cloudflare } = await deploy(root, [
      "vinext-seed",
      "deploy",
      "--env",
      "staging",
    ]);
    expect(code, output).toBe(0);
    expectSeededBeforeUpload(cloudflare, STAGING);
    expect(cloudflare.writes().at(-1)?.path).toBe(
      `/accounts/${ACCOUNT}/workers/scripts/shop-staging`,
    );

    // The build is now for staging. Seeding production with it would be wrong.
    const other = await deploy(root, ["vinext-seed", "run", "--env", "production"]);
    expect(other.output).toMatch(/\((?:config-unreadable|environment-mismatch)\)/u);
    expect(other.cloudflare.writes()).toEqual([]);
  });

  it("reads wrangler.toml", async () => {
    const toml = [
      `name = "shop"`,
      `account_id = "${ACCOUNT}"`,
      `compatibility_date = "2026-04-01"`,
      `compatibility_flags = ["nodejs_compat"]`,
      `main = "vinext/server/app-router-entry"`,
      `[assets]`,
      `directory = "dist/client"`,
      `binding = "ASSETS"`,
      `[[kv_namespaces]]`,
      `binding = "VINEXT_KV_CACHE"`,
      `id = "${STAGING}"`,
    ];
    const files = { "wrangler.jsonc": null, "wrangler.toml": toml.join("\n") };
    const root = deployable("1.4.0", files);
    const { code, output, cloudflare } = await deploy(root, ["vinext-seed", "deploy"]);
    expect(code, output).toBe(0);
    expectSeededBeforeUpload(cloudflare, STAGING);
  });

  it("finds the namespace that Cloudflare created for the Worker", async () => {
    const config = { ...CONFIG, kv_namespaces: [{ binding: "VINEXT_KV_CACHE" }] };
    const root = deployable("1.4.0", { "wrangler.jsonc": JSON.stringify(config) });
    const api = { workers: { shop: { VINEXT_KV_CACHE: STAGING } } };
    const { code, output, cloudflare } = await deploy(root, ["vinext-seed", "deploy"], { api });
    expect(code, output).toBe(0);
    expectSeededBeforeUpload(cloudflare, STAGING);
  });

  it("deploys even if seeding fails, unless strict", async () => {
    const root = deployable("1.4.0");
    const api = { refusesBulk: "token" } as const;
    const warned = await deploy(root, ["vinext-seed", "deploy"], { api });
    expect(warned.code, warned.output).toBe(0);
    expect(warned.output).toContain("seeding failed (KV_UNAUTHORIZED)");
    expect(warned.cloudflare.writes().at(-1)?.what).toBe("worker");

    const strict = await deploy(root, ["vinext-seed", "deploy", "--strict"], { api });
    expect(strict.code).toBe(1);
    expect(strict.output).toContain("not deployed, because of --strict");
    expect(strict.cloudflare.writes().map(({ what }) => what)).not.toContain("worker");
  });

  it("passes on exit codes and arguments", async () => {
    const root = deployable("1.4.0");
    const wrong = ["vinext-seed", "deploy", "--json", "--", "--bogus-flag"];
    const refused = await deploy(root, wrong);
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("bogus-flag");
    expect(JSON.parse(refused.stdout)).toMatchObject({ deployExitCode: 1 });
    expect(refused.cloudflare.writes().map(({ what }) => what)).toEqual(["kv"]);

    const dry = await deploy(root, ["vinext-seed", "deploy", "--no-seed-cache", "--", "--dry-run"]);
    expect(dry.code, dry.output).toBe(0);
    expect(dry.cloudflare.writes()).toEqual([]);

    const broken = deployable("1.4.0", { "vite.config.ts": "export default {" });
    const { code, output, cloudflare } = await deploy(broken, ["vinext-seed", "deploy"]);
    expect(code).toBe(1);
    expect(output).toContain("vite build exited with 1");
    expect(cloudflare.calls).toEqual([]);
  });

  it("explains how to pre-render if the build does not", async () => {
    const vite = PLAIN_VITE_CONFIG.replace(/prerender: .*\n/u, "");
    const root = deployable("1.4.0", { "vite.config.ts": vite });
    const { code, output, cloudflare } = await deploy(root, ["vinext-seed", "deploy"]);
    expect(code, output).toBe(0);
    expect(output).toMatch(/no-manifest.*prerender: \{ routes: "\*" \}/u);
    expect(cloudflare.writes().map(({ what }) => what)).toEqual(["worker"]);
  });
});
