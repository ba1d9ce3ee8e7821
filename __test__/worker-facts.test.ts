// What the built Worker shows decides: the adapter's options, whether it reads KV at all, and which pages
// it caches.

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { PACKAGES } from "../compat/oracles/client.js";
import { targetOfProject } from "../lib/wrangler/of-project.js";
import { BUILD_ID, buildOf, payload, rendered } from "./support/build.js";
import { EXAMPLE_MODULES, NAMESPACE, wranglerConfig } from "./support/project.js";
import { seeded } from "./support/seed.js";
import { writeWorker, type WorkerFile } from "./support/worker.js";

const KV = "/p/node_modules/@vinext/cloudflare/dist/cache/kv-data-adapter.runtime.js";

interface Project {
  worker?: Omit<WorkerFile, "buildId"> | null;
  /** The options in the Vite configuration, as an expression. */
  options?: string;
  vinext?: string;
  routes?: unknown[];
}

function project({ worker = {}, options, vinext = "1.4.0", routes }: Project = {}) {
  const files = { "a.html": "a", "a.rsc": payload("a"), "b.html": "b" };
  const root = buildOf(routes ?? [rendered("/a", { revalidate: 60 })], files);
  const modules = path.join(root, "node_modules");
  mkdirSync(modules);
  symlinkSync(path.join(PACKAGES, `vinext-${vinext}`), path.join(modules, "vinext"));
  symlinkSync(path.join(EXAMPLE_MODULES, "vite"), path.join(modules, "vite"));
  if (worker !== null) writeWorker(root, { buildId: BUILD_ID, ...worker });
  if (options !== undefined) {
    const cache = `{ data: { adapter: "${KV}", options: ${options} } }`;
    const plugin = `{ name: "vinext:config", __vinextCacheConfig: ${cache} }`;
    const code = `export default ({ mode }) => ({ plugins: [${plugin}] });`;
    writeFileSync(path.join(root, "vite.config.mjs"), code);
  }
  return root;
}

const seed = (root: string, more: Parameters<typeof seeded>[1] = {}) =>
  seeded(root, { runtime: undefined, ...more });

describe("the adapter's options", () => {
  it("come from the built Worker even if the Vite configuration fails to load", async () => {
    const adapter = { appPrefix: "shop-eu", ttlSeconds: 777.5 };
    const root = project({ worker: { adapter } });
    writeFileSync(path.join(root, "vite.config.mjs"), "throw new Error(process.env.SITE_REGION)");
    const { keys, pairs, result } = await seed(root);
    expect(keys[0]).toBe(`shop-eu:cache:app:v2:${BUILD_ID}:/a:html`);
    expect(pairs[0]?.expiration_ttl).toBe(778);
    expect(result.warnings).toEqual([]);
  });

  it("come from the Worker even if the caller names the runtime", async () => {
    const root = project({ worker: { adapter: { appPrefix: "shop" } } });
    const { keys } = await seed(root, { runtime: { vinext: "1.4.0" } });
    expect(keys[0]).toMatch(/^shop:/u);
  });

  it("are rejected if Worker and configuration differ, naming both", async () => {
    const worker = { adapter: { appPrefix: "shop-eu" } };
    const root = project({ worker, options: '{ appPrefix: "shop-" + process.env.SITE_REGION }' });
    const { result, keys } = await seed(root);
    expect(result.skippedCode).toBe("adapter-options-differ");
    expect(result.skipped).toContain('"shop-eu" in the Worker and "shop-undefined" here');
    expect(keys).toEqual([]);
    const named = await seed(root, { appPrefix: "shop-eu" });
    expect(named.keys[0]).toMatch(/^shop-eu:/u);
    expect((await seed(root, { viteConfig: false })).keys[0]).toMatch(/^shop-eu:/u);
  });

  it.each([
    ["binding", { binding: "A" }, '{ binding: "B" }'],
    ["ttlSeconds", { ttlSeconds: 60 }, "{}"],
  ])("are rejected if %s differs", async (name, adapter, options) => {
    const { result } = await seed(project({ worker: { adapter }, options }));
    expect(result.skippedCode).toBe("adapter-options-differ");
    expect(result.skipped).toContain(`${name} is`);
  });

  it("agree if one spells out the defaults", async () => {
    const adapter = { binding: "VINEXT_KV_CACHE", appPrefix: "", ttlSeconds: null };
    const { result } = await seed(project({ worker: { adapter }, options: "undefined" }));
    expect(result.skipped).toBeUndefined();
  });

  it("come from the build's mode and environment", async () => {
    const options = "{ appPrefix: `${mode}-${process.env.CLOUDFLARE_ENV}` }";
    const root = project({ worker: { adapter: { appPrefix: "staging-stage" } }, options });
    writeFileSync(
      path.join(root, ".env.staging"),
      "CLOUDFLARE_ENV=stage\nCLOUDFLARE_API_TOKEN=x\n",
    );
    expect((await seed(root)).result.skippedCode).toBe("adapter-options-differ");
    const { result, keys } = await seed(root, { viteMode: "staging" });
    expect(result.skipped).toBeUndefined();
    expect(keys[0]).toMatch(/^staging-stage:/u);
  });

  it("are rejected if the caller names another prefix than the Worker's", async () => {
    const root = project({ worker: { adapter: { appPrefix: "shop" } } });
    for (const appPrefix of ["other", ""]) {
      const { result, keys } = await seed(root, { appPrefix });
      expect(result.skippedCode).toBe("adapter-options-differ");
      expect(result.skipped).toContain('"shop"');
      expect(keys).toEqual([]);
    }
  });

  it("are not guessed if neither shows them", async () => {
    const root = project({ worker: { adapter: "{appPrefix:`shop-`+e.REGION}" } });
    const { result, keys } = await seed(root);
    expect(result.skippedCode).toBe("adapter-options-unknown");
    expect(keys).toEqual([]);
    expect((await seed(root, { appPrefix: "shop-eu" })).keys[0]).toMatch(/^shop-eu:/u);
    expect((await seed(root, { appPrefix: "" })).keys[0]).toMatch(/^cache:/u);
  });

  it("are not guessed without Worker and configuration", async () => {
    const root = project({ worker: null });
    const { result } = await seed(root);
    expect(result.skippedCode).toBe("adapter-options-unknown");
    writeFileSync(path.join(root, "vite.config.mjs"), "throw new Error('broken on purpose')");
    const broken = await seed(root);
    expect(broken.result.skippedCode).toBe("adapter-options-unknown");
    expect(broken.result.skipped).toContain("broken on purpose");
  });

  it("come from the configuration if the Worker does not show them", async () => {
    const worker = { adapter: "{appPrefix:prefix(),binding:`B`}" };
    const { keys } = await seed(
      project({ worker, options: '{ appPrefix: "shop", binding: "B" }' }),
    );
    expect(keys[0]).toMatch(/^shop:/u);
    const without = project({ worker: null, options: '{ appPrefix: "shop" }' });
    expect((await seed(without)).keys[0]).toMatch(/^shop:/u);
  });

  it("are read in a read-only project", async () => {
    const root = project({ worker: null, options: '{ appPrefix: "shop" }' });
    // What Vite would make a directory of.
    rmSync(path.join(root, "node_modules/.vite-temp"), { recursive: true, force: true });
    writeFileSync(path.join(root, "node_modules/.vite-temp"), "");
    expect((await seed(root)).keys[0]).toMatch(/^shop:/u);
  });
});

describe("the binding", () => {
  const target = async (root: string, binding?: string, namespaceId?: string) => {
    symlinkSync(path.join(EXAMPLE_MODULES, "wrangler"), path.join(root, "node_modules/wrangler"));
    const config = wranglerConfig({
      kv_namespaces: [
        { binding: "VINEXT_KV_CACHE", id: "2".repeat(32) },
        { binding: "MINE", id: NAMESPACE },
      ],
    });
    writeFileSync(path.join(root, "wrangler.json"), JSON.stringify(config));
    return (await targetOfProject({ root, local: true, binding, namespaceId })).target;
  };

  it("comes from the built Worker", async () => {
    const root = project({ worker: { adapter: { binding: "MINE" } } });
    expect(await target(root)).toMatchObject({ binding: "MINE", namespaceId: NAMESPACE });
  });

  it("is rejected if the caller names another", async () => {
    const root = project({ worker: { adapter: { binding: "MINE" } } });
    const refused = await target(root, "VINEXT_KV_CACHE");
    expect(refused).toMatchObject({ code: "adapter-options-differ" });
    rmSync(path.join(root, "node_modules/wrangler"));
    const named = await target(root, "VINEXT_KV_CACHE", NAMESPACE);
    expect(named).toMatchObject({ namespaceId: NAMESPACE });
  });
});

describe("seeds nothing", () => {
  it.each([
    ["no adapter is configured", { adapter: null }, "kv-not-read"],
    ["another adapter is configured", { isOther: true }, "data-adapter-is-not-kv"],
  ])("if %s", async (_, worker, code) => {
    for (const runtime of [undefined, { vinext: "1.4.0" }]) {
      const { result, keys } = await seed(project({ worker }), { runtime });
      expect(result.skippedCode).toBe(code);
      expect(keys).toEqual([]);
    }
  });
});

it("warns about a Worker that does not pass on its bindings", async () => {
  const { result } = await seed(project({ worker: { entry: "handler.fetch(e)" } }));
  expect(result.seededRoutes).toBe(1);
  expect(result.warnings).toHaveLength(1);
  expect(result.warnings[0]).toContain("env");
  expect((await seed(project())).result.warnings).toEqual([]);
});

describe("an app with cacheComponents", () => {
  const routes = [
    rendered("/a", { revalidate: 900 }),
    rendered("/b"),
    rendered("/posts/:slug", { path: "/posts/x" }),
    rendered("/forever", { stale: 300 }),
  ];

  it("has no entries for pages rendered on every request", async () => {
    const { result, keys } = await seed(project({ worker: { cacheComponents: true }, routes }));
    const reasons = result.routesSkipped.map(({ route, code }) => `${route} ${code}`);
    // Pages of `generateStaticParams` are cached from 1.0.0-beta.9 on; these files do not exist.
    expect(reasons).toEqual([
      "/b not-cached",
      "/posts/:slug missing-artifact",
      "/forever missing-artifact",
    ]);
    expect(keys).toHaveLength(2);
    const without = await seed(project({ routes }));
    expect(without.keys).toHaveLength(3);
  });
});
