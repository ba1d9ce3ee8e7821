// `seedKvCache` for a project, without `runtime`: what it detects, and
// when it refuses.

import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { PACKAGES } from "../compat/oracles/client.js";
import { classify } from "../lib/cache-config.js";
import { targetOfProject } from "../lib/wrangler/of-project.js";
import { BUILD_ID, buildOf, payload, rendered } from "./support/build.js";
import { EXAMPLE_MODULES } from "./support/project.js";
import { seeded } from "./support/seed.js";
import { workerCode, writeWorker } from "./support/worker.js";

interface Project {
  vinext?: string;
  cloudflare?: string;
  viteConfig?: string;
  buildId?: string;
}

/** A built project with published packages in its `node_modules`. */
function project({ vinext = "1.4.0", cloudflare, viteConfig, buildId = BUILD_ID }: Project = {}) {
  const root = buildOf(
    [rendered("/a", { revalidate: 60 })],
    { "a.html": "a", "a.rsc": payload() },
    { buildId },
  );
  // Without a Worker, the Vite configuration is all there is.
  if (viteConfig === undefined) writeWorker(root, { buildId, vinext });
  const modules = path.join(root, "node_modules");
  mkdirSync(path.join(modules, "@vinext"), { recursive: true });
  symlinkSync(path.join(PACKAGES, `vinext-${vinext}`), path.join(modules, "vinext"));
  if (cloudflare !== undefined) {
    symlinkSync(
      path.join(PACKAGES, `cloudflare-${cloudflare}`),
      path.join(modules, "@vinext/cloudflare"),
    );
  }
  if (viteConfig !== undefined) {
    symlinkSync(path.join(EXAMPLE_MODULES, "vite"), path.join(modules, "vite"));
    writeFileSync(path.join(root, "vite.config.mjs"), viteConfig);
  }
  return root;
}

function seedProject(root: string, options: Parameters<typeof seeded>[1] = {}) {
  return seeded(root, { runtime: undefined, ...options });
}

/** A Vite configuration whose vinext plugin says this of its caches. */
const configOf = (cache: object, more = "") =>
  `${more}; export default { plugins: [null, [Promise.resolve({ name: "vinext:config", __vinextCacheConfig: ${JSON.stringify(cache)} })]] };`;
const KV = "/p/node_modules/@vinext/cloudflare/dist/cache/kv-data-adapter.runtime.js";

describe("the Vite configuration", () => {
  it("shows the KV adapter's prefix and TTL", async () => {
    const options = { binding: "X", appPrefix: "shop", ttlSeconds: 777.5 };
    const viteConfig = configOf({ data: { adapter: KV, options } });
    const { keys, pairs } = await seedProject(project({ viteConfig }));
    expect(keys[0]).toBe(`shop:cache:app:v2:${BUILD_ID}:/a:html`);
    expect(pairs[0]?.expiration_ttl).toBe(778);
  });

  it("is overridden by options and ignored with viteConfig: false", async () => {
    const viteConfig = configOf({
      data: { adapter: KV, options: { appPrefix: "shop", ttlSeconds: 777 } },
    });
    const root = project({ viteConfig });
    const given = await seedProject(root, { appPrefix: "mine", ttlSeconds: 90 });
    expect(given.keys[0]).toMatch(/^mine:/u);
    expect(given.pairs[0]?.expiration_ttl).toBe(90);
    const unread = (await seedProject(root, { viteConfig: false })).result;
    expect(unread.skippedCode).toBe("adapter-options-unknown");
    expect((await seedProject(root, { runtime: { vinext: "1.4.0" } })).keys[0]).toMatch(/^cache:/u);
  });

  it("may have any name", async () => {
    const root = project({ viteConfig: configOf({}) });
    const other = configOf({ data: { adapter: KV, options: { appPrefix: "other" } } });
    writeFileSync(path.join(root, "other.config.mjs"), other);
    expect((await seedProject(root, { viteConfig: "other.config.mjs" })).keys[0]).toMatch(
      /^other:/u,
    );
  });

  it.each([
    ["cache.cdn", { cdn: { adapter: "x" }, data: { adapter: KV } }, "cdn-cache-configured"],
    [
      "another data adapter",
      { data: { adapter: "/p/redis-adapter.js" } },
      "data-adapter-is-not-kv",
    ],
  ])("with %s skips the run", async (_, cache, code) => {
    const { result, keys } = await seedProject(project({ viteConfig: configOf(cache) }));
    expect(result.skippedCode).toBe(code);
    expect(keys).toEqual([]);
  });

  it.each([
    ["throws", 'throw new TypeError("broken on purpose")', "broken on purpose"],
    ["ends the process", "process.exit(3)", "ended with 3"],
    ["has a syntax error", "export default {", "PARSE_ERROR"],
  ])("that %s skips the run if no Worker shows the options", async (_, viteConfig, said) => {
    const { result, keys } = await seedProject(project({ viteConfig }));
    expect(keys).toEqual([]);
    expect(result.skippedCode).toBe("adapter-options-unknown");
    expect(result.skipped).toContain("vite.config.mjs");
    expect(result.skipped).toContain(said);
  });

  it("cannot affect this process", async () => {
    const more = 'process.env.SEED_TEST = "x"; console.log("noise"); setInterval(() => {}, 1000)';
    const viteConfig = configOf({ data: { adapter: KV, options: { appPrefix: "shop" } } }, more);
    expect((await seedProject(project({ viteConfig }))).keys[0]).toMatch(/^shop:/u);
    expect(process.env.SEED_TEST).toBeUndefined();
  });

  it("does not delay the run after it has loaded", async () => {
    // Such as a server that a plugin starts, with this output.
    const more =
      'import { spawn } from "node:child_process"; ' +
      'const left = spawn(process.execPath, ["--eval", "setTimeout(() => {}, 20_000)"], { stdio: "inherit" });' +
      "left.unref()";
    const viteConfig = configOf({ data: { adapter: KV, options: { appPrefix: "shop" } } }, more);
    const started = performance.now();
    expect((await seedProject(project({ viteConfig }))).keys[0]).toMatch(/^shop:/u);
    const dies = `${more}; process.exit(3)`;
    const died = (await seedProject(project({ viteConfig: dies }))).result;
    expect(died.skipped).toContain("ended with 3");
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it("may print anything", async () => {
    const more = 'console.log(process.argv.join("\\n")); process.stdout.write("no end of line")';
    const viteConfig = configOf({ data: { adapter: KV, options: { appPrefix: "shop" } } }, more);
    expect((await seedProject(project({ viteConfig }))).keys[0]).toMatch(/^shop:/u);
  });

  it("is read for the seeded environment", async () => {
    const viteConfig =
      "export default { plugins: [{ __vinextCacheConfig: { data: " +
      `{ adapter: "${KV}", options: { appPrefix: process.env.CLOUDFLARE_ENV } } } }] };`;
    const root = project({ viteConfig });
    const prefix = async (env?: string) => {
      const { cacheConfig } = await targetOfProject({ root, env });
      return cacheConfig?.kind === "kv" ? cacheConfig.options.appPrefix : cacheConfig;
    };
    expect(await prefix("staging")).toBe("staging");
    expect(await prefix()).toBeUndefined();
  });

  it("names the KV adapter in several ways", () => {
    for (const adapter of [
      KV,
      String.raw`C:\p\node_modules\@vinext\cloudflare\dist\cache\kv-data-adapter.runtime.js`,
      "@vinext/cloudflare/cache/kv-data-adapter.runtime",
      "@vinext/cloudflare/cache/kv-data-adapter",
    ]) {
      expect(classify({ data: { adapter } }), adapter).toEqual({ kind: "kv", options: {} });
    }
    expect(classify(null)).toEqual({ kind: "unknown" });
    expect(classify({})).toEqual({ kind: "unknown" });
  });
});

describe("CDN auto-detection of versions 0.1.1 to 0.2.1", () => {
  it("skips the run too", async () => {
    process.env.VINEXT_CDN_CACHE_AUTO_DETECT = "1";
    onTestFinished(() => void delete process.env.VINEXT_CDN_CACHE_AUTO_DETECT);
    const old = await seedProject(project({ vinext: "0.2.1", cloudflare: "0.2.1" }));
    expect(old.result.skippedCode).toBe("cdn-cache-configured");
    expect((await seedProject(project())).result.skipped).toBeUndefined();
  });
});

/** A project whose vinext is a copy of 1.4.0 with one text replaced. */
function tamperedProject(file: string, from: string, to: string) {
  const root = buildOf([rendered("/a")], { "a.html": "a" });
  writeWorker(root, { buildId: BUILD_ID });
  // Beside the original, so that what it imports is found.
  const copy = path.join(PACKAGES, `.tampered-${path.basename(root)}`);
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(path.join(PACKAGES, "vinext-1.4.0"), copy, { recursive: true });
  const text = readFileSync(path.join(copy, file), "utf-8");
  expect(text).toContain(from);
  writeFileSync(path.join(copy, file), text.replaceAll(from, to));
  mkdirSync(path.join(root, "node_modules"));
  symlinkSync(copy, path.join(root, "node_modules/vinext"));
  return root;
}

describe("the self-check", () => {
  it("rejects a package with different keys, and shows both", async () => {
    const root = tamperedProject(
      "dist/server/isr-cache.js",
      "key.length <= 200",
      "key.length <= 199",
    );
    const { result, keys } = await seedProject(root);
    expect(result.skippedCode).toBe("self-check-failed");
    expect(result.skipped).toContain("xxx:html");
    expect(result.skipped).toContain("__hash:");
    expect(keys).toEqual([]);
    const { result: unchecked } = await seedProject(root, { selfCheck: false });
    expect(unchecked.seededRoutes).toBe(1);
  });

  it.each(["0.0.50", "0.0.55", "0.1.8", "0.2.1", "1.0.0-beta.10", "1.4.0"])(
    "passes with the published %s",
    async (vinext) => {
      const root = project({ vinext });
      const old = `function appIsrCacheKey(pathname, suffix, buildId = "${BUILD_ID}") {}`;
      const worker = old + workerCode({ buildId: BUILD_ID, vinext });
      writeFileSync(path.join(root, "dist/server/index.js"), worker);
      const { result } = await seedProject(root, { allowUnprovenRoutes: true });
      expect(result.skipped).toBeUndefined();
      expect(result.runtime?.vinext).toBe(vinext);
    },
  );
});

describe("a mismatched project is skipped", () => {
  const KEY_CODE = "`${e}:__hash:${t}`";

  it("because its Worker was built by an older or a newer vinext", async () => {
    const older = project();
    writeFileSync(path.join(older, "dist/server/index.js"), `${KEY_CODE};\`app:\`;\`${BUILD_ID}\``);
    expect((await seedProject(older)).result.skippedCode).toBe("other-format");
    const newer = project({ vinext: "1.0.0-beta.10" });
    writeFileSync(
      path.join(newer, "dist/server/index.js"),
      `${KEY_CODE};\`app:v2:\`;\`${BUILD_ID}\``,
    );
    expect((await seedProject(newer)).result.skippedCode).toBe("other-format");
  });

  it("because its Worker was built with another build id", async () => {
    const root = project();
    writeFileSync(path.join(root, "dist/server/index.js"), `${KEY_CODE};\`app:v2:\`;\`other\``);
    expect((await seedProject(root)).result.skippedCode).toBe("other-build");
  });

  it("because its vinext is half installed", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const home = path.join(root, "node_modules/vinext");
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, "package.json"), '{"name":"vinext","version":"1.4.0"}');
    const { result } = await seedProject(root);
    expect(result.skippedCode).toBe("unknown-version");
    expect(result.skipped).toContain("dist/build/prerender.js is missing");
  });

  it.each([
    ["a newer format than any known", "1.4.0", "unknown-version"],
    ["a format that cannot be seeded", "0.0.49", "unsupported-version"],
  ])("because its vinext has %s, key functions and all", async (_, vinext, code) => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const home = path.join(root, "node_modules/vinext");
    cpSync(path.join(PACKAGES, `vinext-${vinext}`), home, { recursive: true, dereference: true });
    if (code === "unknown-version") rmSync(path.join(home, "dist/build/prerender.js"));
    const { result } = await seedProject(root);
    expect(result.skippedCode).toBe(code);
  });

  it("because there are two copies of vinext, of which the nearer one counts", async () => {
    const root = project({ vinext: "1.0.0-beta.10" });
    const site = path.join(root, "apps/site");
    mkdirSync(path.join(site, "node_modules"), { recursive: true });
    cpSync(path.join(root, "dist"), path.join(site, "dist"), { recursive: true });
    expect((await seedProject(site)).keys[0]).toMatch(/^cache:app:5c1f/u);
    symlinkSync(path.join(PACKAGES, "vinext-1.4.0"), path.join(site, "node_modules/vinext"));
    writeWorker(site, { buildId: BUILD_ID });
    expect((await seedProject(site)).keys[0]).toMatch(/^cache:app:v2:/u);
  });
});

describe("unusual build ids", () => {
  it.each(["rel:1", "with space", "日本-ü", "i".repeat(300)])("%s", async (buildId) => {
    const { result, keys } = await seedProject(project({ buildId, cloudflare: "1.0.0-beta.7" }));
    expect(result.buildId).toBe(buildId);
    expect(keys).toHaveLength(2);
    for (const name of keys) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(512);
      expect(name).toContain(`cache:app:v2:${buildId}:`);
    }
  });
});

it("stores unusual tags like the runtime", async () => {
  const tags = [
    "posts",
    "com",
    "ma",
    "a:b",
    "back\\slash",
    "tab\there",
    "x".repeat(256),
    "x".repeat(257),
    "日本",
    "posts",
    "",
  ];
  const root = buildOf([rendered("/a", { tags: [...tags, 7, null] })], { "a.html": "a" });
  const { pairs } = await seedProject(root, { runtime: { vinext: "1.4.0" } });
  const expected = [
    "/a",
    "_N_T_/a",
    "_N_T_/layout",
    "_N_T_/a/layout",
    "_N_T_/a/page",
    "posts",
    "com",
    "ma",
    "x".repeat(256),
    "%E6%97%A5%E6%9C%AC",
  ];
  expect(JSON.parse(pairs[0]?.value ?? "").tags).toEqual(expected);
  expect(pairs[0]?.metadata?.tags).toEqual(expected);
});
