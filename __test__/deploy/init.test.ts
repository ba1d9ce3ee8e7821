// Projects as `vinext init` leaves them, in both layouts: every command of ours works on them, and
// `withSeed` is all that their own build and deploy need. Real builds, real deploys, real workerd.

import { describe, expect, it } from "vitest";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";
import { cli } from "../support/cli.js";
import { ACCOUNT, PROVISIONED } from "../support/cloudflare.js";
import { temporaryDirectory } from "../support/build.js";
import {
  deploy,
  expectAllHit,
  expectSeededBeforeUpload,
  firstRequests,
  served,
} from "../support/deployable.js";
import {
  buildableInitProject,
  oneWordMore,
  scriptOf,
  withNewerDeploy,
  WORKER,
  type Layout,
} from "../support/init-project.js";
import { NAMESPACE } from "../support/project.js";
import type { Pair } from "../support/recorder.js";

/** The id that a binding without one has on this machine. */
const BINDING = "VINEXT_KV_CACHE";

/** The pages of the example. */
const PAGES = 8;

/** A Worker that has been deployed, so that its namespace is there. */
const DEPLOYED = { workers: { [WORKER]: { [BINDING]: NAMESPACE } } };

const LAYOUTS: Layout[] = ["cloudflare.config.ts", "wrangler.jsonc"];

describe.each(LAYOUTS)("a project of vinext init with %s", (layout) => {
  it("works with plan, deploy and --local", async () => {
    const root = buildableInitProject(layout);
    const early = await deploy(root, ["vinext-seed", "plan"], { api: DEPLOYED });
    expect(early.output).toMatch(/no-manifest/u);

    const whole = await deploy(root, ["vinext-seed", "deploy"], { api: DEPLOYED });
    expect(whole.code, whole.output).toBe(0);
    expectSeededBeforeUpload(whole.cloudflare, NAMESPACE);
    expectAllHit(await served(root, whole.cloudflare.pairs(), BINDING), PAGES);

    const plan = await deploy(root, ["vinext-seed", "plan", "--json"], { api: DEPLOYED });
    expect(plan.code, plan.output).toBe(0);
    expect(JSON.parse(plan.stdout)).toMatchObject({
      kvPairs: whole.cloudflare.pairs().length,
      target: { namespaceId: NAMESPACE, binding: BINDING },
    });
    expect(plan.cloudflare.writes()).toEqual([]);

    const again = await deploy(root, ["vinext-seed", "run", "--strict"], { api: DEPLOYED });
    expect(again.code, again.output).toBe(0);
    expect(
      again.cloudflare
        .pairs()
        .map(({ key }) => key)
        .sort(),
    ).toEqual(
      whole.cloudflare
        .pairs()
        .map(({ key }) => key)
        .sort(),
    );

    const persistTo = temporaryDirectory();
    const local = await cli(["--local", "--strict", "--persist-to", persistTo], { cwd: root });
    expect(local.code, local.stderr).toBe(0);
    const worker = await startWranglerDev({ root, persistTo });
    const answered = await firstRequests(root, worker.url).finally(worker.stop);
    expectAllHit(answered, PAGES);
  });

  it("prints the plan in its own build, and seeds in its own deploy, with withSeed", async () => {
    const root = buildableInitProject(layout, oneWordMore);
    const [build = "", ...args] = scriptOf(root, "build:vinext");
    const plain = await deploy(root, [build, ...args], { api: DEPLOYED });
    expect(plain.code, plain.output).toBe(0);
    expect(plain.output).toMatch(/a deploy would seed 9 pages, 17 entries .*; nothing was sent/u);
    expect(plain.cloudflare.calls).toEqual([]);

    withNewerDeploy(root);
    const whole = await deploy(root, scriptOf(root, "deploy:vinext"), { api: DEPLOYED });
    expect(whole.code, whole.output).toBe(0);
    expect(whole.output).toContain(`Seeded 9 pages into ${BINDING} (${NAMESPACE})`);
    expectSeededBeforeUpload(whole.cloudflare, NAMESPACE);
    expect(whole.cloudflare.pairs()).toHaveLength(17);
    expectAllHit(await served(root, whole.cloudflare.pairs(), BINDING), PAGES);
  });

  it("is seeded at the end of a deploy that does not call the hook", async () => {
    const root = buildableInitProject(layout, oneWordMore);
    const whole = await deploy(root, scriptOf(root, "deploy:vinext"), { api: DEPLOYED });
    expect(whole.code, whole.output).toBe(0);
    expect(whole.stdout).toMatch(/Deployed to[^]*Seeded 9 pages into/u);
    const writes = whole.cloudflare.calls.filter(({ path }) => path.endsWith("/bulk"));
    const ours: Pair[] = JSON.parse(String(writes.at(-1)?.body));
    expect(ours).toHaveLength(17);
    expectAllHit(await served(root, ours, BINDING), PAGES);
  });

  it("is seeded at the end of its first deploy, with withSeed", async () => {
    const root = buildableInitProject(layout, oneWordMore);
    withNewerDeploy(root);
    const api = {
      workers: { [WORKER]: { [BINDING]: PROVISIONED } },
      deploysOn: `/accounts/${ACCOUNT}/workers/scripts/${WORKER}`,
    };
    const first = await deploy(root, scriptOf(root, "deploy:vinext"), { api });
    expect(first.code, first.output).toBe(0);
    expect(first.stderr).toContain("seeded once the first deploy has created the namespace");
    expect(first.stdout).toMatch(/Deployed to[^]*Seeded 9 pages into/u);
    const writes = first.cloudflare.writes().map(({ what }) => what);
    expect(writes.at(-1)).toBe("kv");
  });
});

describe("Workers Builds", () => {
  it("seeds in the stock build, and wrangler deploys that build", async () => {
    const root = buildableInitProject("wrangler.jsonc", oneWordMore);
    const env = { WORKERS_CI: "1" };
    const build = await deploy(root, ["vite", "build"], { api: DEPLOYED, env });
    expect(build.code, build.output).toBe(0);
    expect(build.output).toContain("Seeded 9 pages into");
    expectAllHit(await served(root, build.cloudflare.pairs(), BINDING), PAGES);
  });
});

it("strict fails the deploy before the Worker is uploaded", async () => {
  const options = ", { strict: true }";
  const root = buildableInitProject("wrangler.jsonc", (config) => oneWordMore(config, options));
  withNewerDeploy(root);
  const api = { ...DEPLOYED, refusesBulk: "token" as const };
  const whole = await deploy(root, scriptOf(root, "deploy:vinext"), { api });
  expect(whole.code).not.toBe(0);
  expect(whole.output).toMatch(/seeding failed/u);
  expect(whole.cloudflare.writes().map(({ what }) => what)).not.toContain("worker");
});

it("vinext-seed deploy seeds once even if the configuration has withSeed", async () => {
  const root = buildableInitProject("wrangler.jsonc", oneWordMore);
  const whole = await deploy(root, ["vinext-seed", "deploy"], {
    api: DEPLOYED,
    env: { WORKERS_CI: "1" },
  });
  expect(whole.code, whole.output).toBe(0);
  expect(whole.cloudflare.writes().filter(({ what }) => what === "kv")).toHaveLength(1);
});
