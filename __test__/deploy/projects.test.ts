// First deploys, environments and local state of real projects, with real builds, the real wrangler and
// real workerd, against a loopback API.

import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { findCommand } from "../../lib/installed-package.js";
import { cli } from "../support/cli.js";
import { ACCOUNT, PROVISIONED, startCloudflare } from "../support/cloudflare.js";
import { temporaryDirectory } from "../support/build.js";
import {
  deploy,
  deployable,
  expectAllHit,
  expectSeededBeforeUpload,
  firstRequests,
  served,
} from "../support/deployable.js";
import { buildableInitProject, WORKER, type Layout } from "../support/init-project.js";
import { NAMESPACE } from "../support/project.js";

const BINDING = "VINEXT_KV_CACHE";
const STAGING = "33333333333333333333333333333333";
const PAGES = 8;

const CONFIG = {
  name: "shop",
  compatibility_date: "2026-04-01",
  compatibility_flags: ["nodejs_compat"],
  main: "vinext/server/fetch-handler",
  assets: { directory: "dist/client", not_found_handling: "none", binding: "ASSETS" },
};

const binding = (id: string) => [{ binding: BINDING, id }];

/** A project with a top-level environment and one for staging. */
function withStaging() {
  const env = { staging: { kv_namespaces: binding(STAGING), assets: CONFIG.assets } };
  const config = { ...CONFIG, kv_namespaces: binding(NAMESPACE), env };
  return deployable("1.4.0", { "wrangler.jsonc": JSON.stringify(config) });
}

describe.each<Layout>(["cloudflare.config.ts", "wrangler.jsonc"])(
  "the first deploy of a project of vinext init with %s",
  (layout) => {
    it("the first deploy creates and seeds the namespace; later deploys seed first", async () => {
      const root = buildableInitProject(layout);
      const cloudflare = await startCloudflare();
      const home = temporaryDirectory();
      const env = { ...cloudflare.env, HOME: home, XDG_CONFIG_HOME: home, CI: "1" };
      const first = await cli(["deploy", "--strict"], { cwd: root, env });
      expect(first.code, first.stderr).toBe(0);
      expect(first.stderr).toContain("visitors get a MISS until it is done");
      const kv = `/accounts/${ACCOUNT}/storage/kv/namespaces/${PROVISIONED}/bulk`;
      expect(cloudflare.writes()).toEqual([
        { what: "worker", path: `/accounts/${ACCOUNT}/workers/scripts/${WORKER}` },
        { what: "kv", path: kv },
      ]);
      expectAllHit(await served(root, cloudflare.pairs(), BINDING), PAGES);

      const next = await cli(["deploy", "--strict"], { cwd: root, env });
      expect(next.code, next.stderr).toBe(0);
      expect(cloudflare.writes().map(({ what }) => what)).toEqual(["worker", "kv", "kv", "worker"]);
    });
  },
);

describe("arguments after --", () => {
  it("--dry-run writes nothing, and names the environment's namespace", async () => {
    const args = ["vinext-seed", "deploy", "--env", "staging", "--", "--dry-run"];
    const { code, output, cloudflare } = await deploy(withStaging(), args);
    expect(code, output).toBe(0);
    expect(output).toContain(`${BINDING} (${STAGING})`);
    expect(output).toContain("--dry-run: exiting now");
    expect(cloudflare.writes()).toEqual([]);
  });

  it("-e and --name select one target for build, seeding and deploy", async () => {
    const args = ["vinext-seed", "deploy", "--", "-e=staging", "--name", "renamed"];
    const { code, output, cloudflare } = await deploy(withStaging(), args);
    expect(code, output).toBe(0);
    expectSeededBeforeUpload(cloudflare, STAGING);
    expect(cloudflare.writes().at(-1)?.path).toBe(`/accounts/${ACCOUNT}/workers/scripts/renamed`);
  });
});

describe("a build for one environment", () => {
  it.each([
    ["chosen by CLOUDFLARE_ENV", { CLOUDFLARE_ENV: "staging" }, []],
    ["chosen by a mode", {}, ["--mode", "staging"]],
  ])("%s is not seeded into the namespace of another", async (_, env, flags) => {
    const root = withStaging();
    writeFileSync(path.join(root, ".env.staging"), "CLOUDFLARE_ENV=staging\n");
    const built = await deploy(root, ["vite", "build", ...flags], { env });
    expect(built.code, built.output).toBe(0);

    // Some of the site's pages fail to render on purpose.
    const strict = ["vinext-seed", "run", "--strict", "--seed-failed-renders"];
    const right = await deploy(root, strict);
    expect(right.code, right.output).toBe(0);
    expect(right.cloudflare.writes()[0]?.path).toContain(STAGING);

    // The redirect is not there where only dist/ came along.
    rmSync(path.join(root, ".wrangler"), { recursive: true });
    for (const [args, environment] of [
      [[], {}],
      [["--config", "wrangler.jsonc"], {}],
      [[], { CLOUDFLARE_ENV: "" }],
    ] as const) {
      const wrong = await deploy(root, [...strict, ...args], { env: environment });
      expect(wrong.code).toBe(1);
      expect(wrong.output).toContain("(environment-mismatch)");
      expect(wrong.cloudflare.writes()).toEqual([]);
    }
  });
});

it("an inline wrangler configuration uses the local state of vite preview", async () => {
  const config = JSON.stringify({ ...CONFIG, kv_namespaces: [{ binding: BINDING }] });
  const plain = `
    import { cloudflare } from "@cloudflare/vite-plugin";
    import { kvDataAdapter } from "@vinext/cloudflare/cache/kv-data-adapter";
    import vinext from "vinext";
    const viteEnvironment = { name: "rsc", childEnvironments: ["ssr"] };
    export default {
      plugins: [
        vinext({ prerender: { routes: "*" }, cache: { data: kvDataAdapter() } }),
        cloudflare({ config: ${config}, viteEnvironment }),
      ],
    };`;
  const root = deployable("1.4.0", { "vite.config.ts": plain, "wrangler.jsonc": null });
  const built = await deploy(root, ["vite", "build"]);
  expect(built.code, built.output).toBe(0);
  const local = () => cli(["--local", "--json"], { cwd: root });

  const first = await local();
  expect(first.code, first.stderr).toBe(0);
  const state = path.join(root, ".wrangler", "state");
  expect(JSON.parse(first.stdout).target.persistTo).toBe(state);
  expectAllHit(await previewed(root), PAGES);

  const moved = plain.replace("cloudflare({", 'cloudflare({ persistState: { path: "kv" },');
  writeFileSync(path.join(root, "vite.config.ts"), moved);
  const second = await local();
  expect(JSON.parse(second.stdout).target.persistTo).toBe(path.join(root, "kv"));
  rmSync(state, { recursive: true });
  expectAllHit(await previewed(root), PAGES);
});

/** What the first requests to `vite preview` are answered with. */
async function previewed(root: string) {
  const vite = (await findCommand(root, "vite")) ?? "";
  const args = [vite, "preview", "--port", "4179", "--strictPort"];
  const child = spawn(process.execPath, args, { cwd: root, stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  const url = "http://localhost:4179";
  for (let tries = 0; tries < 600; tries += 1) {
    // An address that is no page, so that nothing is rendered into the cache.
    const isUp = await fetch(`${url}/favicon.ico`).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    await sleep(100);
  }
  const answered = await firstRequests(root, url);
  child.kill("SIGTERM");
  await new Promise((resolve) => void child.once("exit", resolve));
  return answered;
}
