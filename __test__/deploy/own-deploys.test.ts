// vinext's own deploys, with our call in a throwaway copy, against a loopback API: what is written,
// when, with how many requests, and whether the real Worker then finds it.

import path from "node:path";
import { describe, expect, it } from "vitest";
import { planKvSeed } from "../../index.js";
import type { Cloudflare } from "../support/cloudflare.js";
import { NAMESPACE } from "../support/project.js";
import {
  change,
  deploy,
  deployable,
  expectAllHit,
  expectSeededBeforeUpload,
  hookCall,
  PLAIN_VITE_CONFIG,
  served,
  throwawayCopy,
} from "../support/deployable.js";

/** Entries that the original sends with one request. */
const PAIRS_PER_REQUEST_OF_THE_ORIGINAL = 25;

/** The pathnames in the keys of the entries that were sent, or the hashes of long ones. */
function pathnamesOf(cloudflare: Cloudflare) {
  return cloudflare.pairs().map(({ key }) => /:((?:\/|__hash:).*):\w+$/u.exec(key)?.[1] ?? key);
}

describe("vinext deploy of 0.0.38", () => {
  const ARGS = ["vinext", "deploy", "--prerender-all"];

  /** With our call right before the Worker is deployed. */
  function withOurCall(root: string) {
    const file = path.join(throwawayCopy(root, "vinext"), "dist/deploy.js");
    const call = hookCall("root, options.env || undefined, options");
    change(file, /^[ \t]*const \w+ = runWranglerDeploy\(/mu, ([anchor]) => `${call}\n${anchor}`);
  }

  it("writes nothing to KV by itself", async () => {
    const root = deployable("0.0.38");
    const { code, output, cloudflare } = await deploy(root, ARGS);
    expect(code, output).toBe(0);
    expect(cloudflare.writes().map(({ what }) => what)).toEqual(["worker"]);
  });

  it("fills KV with one request, before the Worker is uploaded", async () => {
    const root = deployable("0.0.38");
    withOurCall(root);
    const { code, output, cloudflare } = await deploy(root, ARGS);
    expect(code, output).toBe(0);
    expectSeededBeforeUpload(cloudflare, NAMESPACE);
    expect(cloudflare.writes()).toHaveLength(2);
    expectAllHit(await served(root, cloudflare.pairs(), NAMESPACE));
  });
});

describe.each([
  ["1.0.0-beta.10", ["--prerender-all"], {}],
  ["1.4.0", [], { "vite.config.ts": PLAIN_VITE_CONFIG }],
])("vinext-cloudflare deploy (beta.7) on %s", (version, flags, files) => {
  const ARGS = ["vinext-cloudflare", "deploy", ...flags];

  it("fills KV with far fewer requests, before the Worker is uploaded", async () => {
    const original = await deploy(deployable(version, files), ARGS);
    expect(original.code, original.output).toBe(0);
    const theirs = original.cloudflare.writes().filter(({ what }) => what === "kv").length;
    const pairs = original.cloudflare.pairs().length;
    expect(theirs).toBe(Math.ceil(pairs / PAIRS_PER_REQUEST_OF_THE_ORIGINAL));

    const root = deployable(version, files);
    const file = path.join(throwawayCopy(root, "@vinext/cloudflare"), "dist/deploy.js");
    change(file, /^\s*await populateKV\w+\((.*)\);$/mu, ([, args]) => hookCall(args ?? ""));
    const ours = await deploy(root, ARGS);
    expect(ours.code, ours.output).toBe(0);
    expect(ours.output).toMatch(/KV cache: \d+ routes, \d+ entries/u);
    expectSeededBeforeUpload(ours.cloudflare, NAMESPACE);
    const requests = ours.cloudflare.writes().filter(({ what }) => what === "kv").length;
    expect(requests).toBe(1);
    expect(theirs).toBeGreaterThan(requests);
    console.log(
      `${version}: ${theirs} requests and ${theirs} wrangler processes before, ${requests} and none now`,
    );
    // The original also stores pages that failed to render.
    const { routesSkipped } = await planKvSeed({ root });
    const expected = new Set(pathnamesOf(original.cloudflare));
    for (const { route, path } of routesSkipped) expected.delete(path ?? route);
    for (const pathname of pathnamesOf(ours.cloudflare)) expected.delete(pathname);
    expect([...expected]).toEqual([]);

    expectAllHit(await served(root, ours.cloudflare.pairs(), NAMESPACE));
  });
});
