// The first three commands of the README, on the example as it is checked out, with its real tools.

import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { API_TOKEN } from "../support/cloudflare.js";
import { deploy, expectAllHit, expectSeededBeforeUpload, served } from "../support/deployable.js";
import { NAMESPACE } from "../support/project.js";

/** What Cloudflare makes for the binding, which has no id in the configuration. */
const workers = { "seed-native-example": { VINEXT_KV_CACHE: NAMESPACE } };
const EXAMPLE = fileURLToPath(new URL("../../example", import.meta.url));

it("plan, deploy, plan: each works on the example", async () => {
  for (const built of ["dist", ".wrangler"]) {
    rmSync(path.join(EXAMPLE, built), { recursive: true, force: true });
  }
  const early = await deploy(EXAMPLE, ["vinext-seed", "plan"]);
  expect(early.code).toBe(0);
  expect(early.stderr).toMatch(/no-manifest.*build with `vite build`/u);

  const { code, output, cloudflare } = await deploy(
    EXAMPLE,
    ["vinext-seed", "deploy", "--verify"],
    {
      api: { workers },
    },
  );
  expect(code, output).toBe(0);
  expect(output).not.toContain(API_TOKEN);
  expectSeededBeforeUpload(cloudflare, NAMESPACE);
  // `--verify` reads back, at the end, what was seeded.
  const entries = cloudflare.pairs().length;
  expect(output).toContain(`Read back ${entries} entries: ${entries} as built`);
  // On this machine the namespace of a binding without an id has the binding's name.
  expectAllHit(await served(EXAMPLE, cloudflare.pairs(), "VINEXT_KV_CACHE"), 5);

  const late = await deploy(EXAMPLE, ["vinext-seed", "plan", "--json"], {
    api: { workers },
  });
  expect(JSON.parse(late.stdout)).toMatchObject({
    kvPairs: cloudflare.pairs().length,
    target: { namespaceId: NAMESPACE, binding: "VINEXT_KV_CACHE" },
  });
  expect(late.cloudflare.writes()).toEqual([]);
});
