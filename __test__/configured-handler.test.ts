// `store: "handler"`, `--to handler`: the project's own cache handler, of which nothing is known, loaded and
// called in a separate process.

import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { planKvSeed, seedCache, seedFromProject } from "../index.js";
import { buildOf, payload, rendered } from "./support/build.js";
import { BIN, run } from "./support/cli.js";
import { EXAMPLE_MODULES } from "./support/project.js";
import { hasRedis, startRedis } from "./support/redis.js";
import { failureOf } from "./support/seed.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };
const QUICK = { retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 2 } };

const NODE_REDIS = fileURLToPath(new URL("../example/node-redis", import.meta.url));

/** A project of `count` pages whose Vite configuration has an adapter with this code. */
function project(adapter: string, { count = 3, name = "adapter.ts", options = {} } = {}) {
  const pages = Array.from({ length: count }, (_, index) => `/p${index}`);
  const files = pages.flatMap((page) => [
    [`${page.slice(1)}.html`, `<p>${page}</p>`],
    [`${page.slice(1)}.rsc`, payload(page)],
  ]);
  const root = buildOf(
    pages.map((page) => rendered(page, { revalidate: 60 })),
    Object.fromEntries(files),
  );
  symlinkSync(EXAMPLE_MODULES, path.join(root, "node_modules"));
  writeFileSync(path.join(root, "package.json"), '{"type":"module"}');
  writeFileSync(path.join(root, name), adapter);
  const data = `{ adapter: ${JSON.stringify(path.join(root, name))}, options: ${JSON.stringify(options)} }`;
  writeFileSync(
    path.join(root, "vite.config.ts"),
    `export default { plugins: [Promise.resolve([{ name: "vinext", __vinextCacheConfig: { data: ${data} } }])],
      resolve: { alias: { "@lib": ${JSON.stringify(root)} } } };`,
  );
  return root;
}

/** An adapter whose handler writes what it is called with to a file, one line for each call. */
const RECORDING = `
  import { appendFileSync } from "node:fs";
  import path from "node:path";
  interface Options { file: string }
  export default class Recorder {
    private readonly file: string;
    constructor(private readonly given: { env: Record<string, string>; options: Options }) {
      this.file = path.join(given.env.RECORD_IN, given.options.file);
    }
    async set(key: string, value: any, context: any) {
      const rsc = value.rscData instanceof ArrayBuffer ? Buffer.from(value.rscData).toString() : undefined;
      const line = { key, ...value, rsc, context, token: process.env.CLOUDFLARE_API_TOKEN, pid: process.pid };
      appendFileSync(this.file, JSON.stringify(line) + "\\n");
    }
  }`;

const recorded = (root: string) =>
  readFileSync(path.join(root, "calls.jsonl"), "utf-8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** A handler whose `set` has these statements. */
const withSet = (statements: string) =>
  `export default () => ({ async set(key, value, context) { ${statements} } });`;

/** A report whose entries are all accounted for. */
function expectComplete(report: any, planned: number) {
  expect(report.kvPairsPlanned).toBe(planned);
  expect(report.kvPairsUploaded + report.kvPairsNotStored).toBe(planned);
  const listed = report.notStored.reduce((sum: number, { count }: any) => sum + count, 0);
  expect(listed).toBe(report.kvPairsNotStored);
}

const seed = (root: string, more: object = {}) =>
  seedCache({ root, ...RUNTIME, ...QUICK, store: "handler", ...more });

describe("the project's own cache handler", () => {
  it("is created with the configured options and the environment, and gets every entry", async () => {
    const root = project(RECORDING, { options: { file: "calls.jsonl" } });
    writeFileSync(path.join(root, ".env"), `RECORD_IN=${root}\n`);
    const env = { CLOUDFLARE_API_TOKEN: "a-token-of-somebody" };
    const args = ["run", root, "--to", "handler", "--json", "--vinext-version", "1.4.0"];
    const { stdout, stderr } = await run(BIN, args, { env });
    const document = JSON.parse(stdout);
    expect(document, stderr).toMatchObject({
      kvPairsUploaded: 6,
      kvPairsNotStored: 0,
      target: { store: "handler adapter.ts" },
    });
    const calls = recorded(root);
    expect(calls).toHaveLength(6);
    const page = calls.find(({ key }) => key.endsWith("/p1:html"));
    expect(page).toMatchObject({
      key: expect.stringMatching(/^app:v2:/u),
      kind: "APP_PAGE",
      html: "<p>/p1</p>",
      context: { revalidate: 60, cacheControl: { revalidate: 60 } },
    });
    expect(calls.find(({ key }) => key.endsWith("/p1:rsc")).rsc).toBe(payload("/p1"));
    for (const { token, pid } of calls) {
      expect(token).toBeUndefined();
      expect(pid).not.toBe(process.pid);
    }
  });

  it("is planned without being loaded, with the same numbers as seeding", async () => {
    const root = project('throw new Error("loaded");');
    const plan = await planKvSeed({ root, ...RUNTIME, store: "handler" });
    expect(plan).toMatchObject({ routes: 3, kvPairs: 6 });
    const args = ["plan", root, "--to", "handler", "--json", "--vinext-version", "1.4.0"];
    const { stdout } = await run(BIN, args);
    expect(JSON.parse(stdout)).toMatchObject({
      kvPairs: 6,
      bytes: plan.bytes,
      target: { store: "handler adapter.ts" },
    });
  });

  it("may be passed as an option instead of a configuration", async () => {
    const root = project('throw new Error("of the configuration");');
    writeFileSync(
      path.join(root, "other.mjs"),
      RECORDING.replaceAll(/private readonly given: .*$/gmu, "given) {").replaceAll(
        /interface .*|private readonly file: string;|: (?:any|string)(?=[,)])/gu,
        "",
      ),
    );
    process.env.RECORD_IN = root;
    const store = {
      type: "handler" as const,
      adapter: "./other.mjs",
      options: { file: "calls.jsonl" },
    };
    const result = await seedFromProject({ root, ...RUNTIME, store, viteConfig: false });
    delete process.env.RECORD_IN;
    expect(result).toMatchObject({ kvPairsUploaded: 6, target: { store: "handler other.mjs" } });
    expect(result.failure).toBeUndefined();
    expect(recorded(root)).toHaveLength(6);
  });

  it.each([
    ["a factory in CommonJS", "adapter.cjs", "module.exports = () => ({ set() {} });"],
    [
      "a module with dynamic imports",
      "adapter.ts",
      withSet(
        'const { writable } = await import("@lib/writable.ts"); if (!writable) throw new Error("no");',
      ),
    ],
  ])("can be %s", async (_, name, code) => {
    const root = project(code, { name });
    writeFileSync(path.join(root, "writable.ts"), "export const writable: boolean = true;");
    expect(await seed(root)).toMatchObject({
      kvPairsUploaded: 6,
      kvPairsNotStored: 0,
      warnings: [],
    });
  });

  it("is closed at the end, after its background writes", async () => {
    const closing = `import { writeFileSync } from "node:fs";
      const kept = [];
      export default ({ options }) => ({
        set(key) { kept.push(key); },
        async close() { await null; writeFileSync(options.file, String(kept.length)); },
      });`;
    const root = project(closing);
    const file = path.join(root, "kept");
    const store = { type: "handler", adapter: "./adapter.ts", options: { file } };
    expect(await seed(root, { store })).toMatchObject({ kvPairsUploaded: 6, warnings: [] });
    expect(readFileSync(file, "utf-8")).toBe("6");

    const failing = project(
      'export default () => ({ set() {}, close() { throw new Error("torn"); } });',
    );
    const { warnings } = await seed(failing);
    expect(warnings).toEqual([expect.stringContaining("could not be closed")]);
    expect(warnings[0]).toContain("torn");
  });

  it("gets no more than `concurrency` entries at a time", async () => {
    const counting = `let underWay = 0;
      export default () => ({ async set() {
        if (++underWay > 3) throw new Error("too many: " + underWay);
        await new Promise((resolve) => setTimeout(resolve, 2));
        underWay--;
      } });`;
    const root = project(counting, { count: 40 });
    expect(await seed(root, { concurrency: 3 })).toMatchObject({ kvPairsUploaded: 80 });
  });
});

describe("a cache handler that fails", () => {
  it.each([
    ["has no method `set`", "export default () => ({ get() {} });", "has no method `set`"],
    [
      "is not a factory",
      "export default { set() {} };",
      "no factory or class as its default export",
    ],
    ["is not the default export", "export const handler = {};", "no factory or class"],
    ["throws in its factory", 'export default () => { throw new Error("no key"); };', "no key"],
    ["is a promise", "export default async () => ({ set() {} });", "returned a promise"],
    [
      "imports a missing module",
      'import "nowhere-at-all"; export default () => {};',
      "nowhere-at-all",
    ],
    ["is not JavaScript", "export default (", "could not be loaded"],
    ["ends its process", "process.exit(7);", "its process ended with 7"],
    [
      "prints why it ends its process",
      'console.error("Error: out of luck"); process.exit(7);',
      "Error: out of luck",
    ],
  ])("%s: no entry is stored, and each reports the reason", async (_, code, message) => {
    const failure = await failureOf(seed(project(code)));
    expect(failure.code).toBe("HANDLER_UNAVAILABLE");
    expect(failure.message).toContain(message);
    expectComplete(failure.report, 6);
    expect(failure.report?.notStored).toMatchObject([{ count: 6, mayBeStored: false }]);
  });

  it("is not configured", async () => {
    const root = project("");
    writeFileSync(path.join(root, "vite.config.ts"), "export default {};");
    const failure = await failureOf(seed(root));
    expect(failure.code).toBe("HANDLER_UNAVAILABLE");
    expect(failure.message).toContain("no adapter is configured as `cache.data`");
    expectComplete(failure.report, 6);
  });

  it("hangs while it is loaded", async () => {
    const root = project("while (true);");
    const failure = await failureOf(seed(root, { timeouts: { connectMs: 4000 } }));
    expect(failure.code).toBe("HANDLER_UNAVAILABLE");
    expect(failure.message).toContain("took longer than 4 s");
    expectComplete(failure.report, 6);
  });

  it.each([
    ["throws", 'throw new Error("no room");', "HANDLER_FAILED", "no room"],
    ["never settles", "await new Promise(() => {});", "HANDLER_TIMEOUT", "200 ms"],
    ["loops", "while (true);", "HANDLER_BUSY", "keeps its process busy"],
    ["ends its process", "process.exit(9);", "HANDLER_FAILED", "its process ended with 9"],
    [
      "causes an unhandled rejection",
      'Promise.reject(new Error("behind")); await new Promise(() => {});',
      "HANDLER_FAILED",
      "behind",
    ],
  ])(
    "%s at each call: the run ends soon and accounts for every entry",
    async (_, statements, code, message) => {
      const root = project(withSet(statements), { count: 20 });
      const started = performance.now();
      const failure = await failureOf(seed(root, { timeouts: { requestMs: 200 } }));
      expect(failure.code).toBe(code);
      expect(failure.message).toContain(message);
      expectComplete(failure.report, 40);
      expect(failure.report?.kvPairsUploaded).toBe(0);
      expect(failure.report?.notStored[0]?.mayBeStored).toBe(true);
      expect(performance.now() - started).toBeLessThan(45_000);
    },
  );

  it("keeps what it stored before it failed", async () => {
    const root = project(
      `let calls = 0;
       export default () => ({ set() { if (++calls > 5) process.exit(3); } });`,
      { count: 20 },
    );
    const failure = await failureOf(seed(root, { concurrency: 1 }));
    expect(failure.code).toBe("HANDLER_FAILED");
    expectComplete(failure.report, 40);
    expect(failure.report?.kvPairsUploaded).toBe(5);
  });

  it("shows no credentials", async () => {
    const root = project(
      withSet(
        'throw new Error("no answer from " + process.env.STORE_URL + ", " + process.env.STORE_SECRET);',
      ),
    );
    const url = "redis://me:hunter22%2Fx@cache.example:6379";
    const env = { STORE_URL: url, STORE_SECRET: "sup3r-hidden-text" };
    const args = ["run", root, "--to", "handler", "--json", "--vinext-version", "1.4.0"];
    const { stdout, stderr } = await run(BIN, args, { env });
    expect(JSON.parse(stdout).failure.code).toBe("HANDLER_FAILED");
    expect(stdout).toContain("cache.example:6379");
    for (const secret of ["hunter22", "sup3r-hidden-text"])
      expect(stdout + stderr).not.toContain(secret);
  });

  it("ends with its process when the run is aborted", async () => {
    const root = project(
      `import { writeFileSync } from "node:fs";
       export default ({ options }) => ({ async set() {
         writeFileSync(options.file, String(process.pid));
         await new Promise(() => {});
       } });`,
    );
    const file = path.join(root, "pid");
    const abort = new AbortController();
    const store = { type: "handler", adapter: "./adapter.ts", options: { file } };
    const running = failureOf(seed(root, { store, signal: abort.signal }));
    // The file exists before it has its content.
    const written = () => (existsSync(file) ? readFileSync(file, "utf-8") : "");
    await expect.poll(written, { timeout: 30_000 }).not.toBe("");
    abort.abort();
    expect((await running).code).toBe("ABORT_ERR");
    const pid = Number(written());
    const isAlive = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive, { timeout: 10_000 }).toBe(false);
  });
});

describe("an invalid handler", () => {
  it.each([
    [{ type: "handler", options: {} }, "`store.options` require `store.adapter`"],
    [{ type: "handler", adapter: "" }, "`store.adapter` is empty"],
    [{ type: "handler", adapter: 3 }, "`store.adapter` must be a string"],
    [{ type: "handler", url: "redis://h" }, "`store.url` is unknown"],
  ])("%j is rejected", async (store, message) => {
    const failure = await failureOf(seed(project(""), { store }));
    expect(failure).toMatchObject({ code: "INVALID_OPTION" });
    expect(failure.message).toContain(message);
  });
});

/** A configured adapter that keeps pages in Redis, in the JSON of the example's adapter. */
const IN_REDIS = `
  import { Redis } from ${JSON.stringify(createRequire(import.meta.url).resolve("ioredis"))};
  import { decodeEntry, encodeEntry } from ${JSON.stringify(path.join(NODE_REDIS, "cache", "entry.ts"))};
  export default function adapter({ env, options }) {
    const redis = new Redis(env[options.urlEnv], { keyPrefix: options.appPrefix + ":" });
    return {
      async set(key, value, context) {
        const { json, revalidates } = encodeEntry(value, context, Date.now());
        const lifetime = revalidates ? ["PX", options.ttlSeconds * 1000] : [];
        await redis.set("cache:" + key, json, ...lifetime);
      },
      async get(key) {
        const stored = await redis.get("cache:" + key);
        return stored === null ? null : decodeEntry(stored);
      },
      close: () => redis.quit(),
    };
  }`;

it.skipIf(!hasRedis)("--to handler fills a real Redis through the configured adapter", async () => {
  const options = { urlEnv: "PAGES_URL", appPrefix: "shop", ttlSeconds: 600 };
  const root = project(IN_REDIS, { count: 5, options });
  const { client, port } = await startRedis(["--requirepass", "hunter22"], {
    password: "hunter22",
  });
  const url = `redis://:hunter22@127.0.0.1:${port}`;
  writeFileSync(path.join(root, ".env.production"), `PAGES_URL=${url}/1\n`);
  const args = [root, "--to", "handler", "--json", "--vinext-version", "1.4.0"];
  const { code, stdout, stderr } = await run(BIN, ["run", ...args]);
  expect(code, stderr).toBe(0);
  const counts = { kvPairsPlanned: 10, kvPairsUploaded: 10, kvPairsNotStored: 0 };
  expect(JSON.parse(stdout), stderr).toMatchObject({
    ...counts,
    target: { store: "handler adapter.ts" },
  });
  expect(stdout + stderr).not.toContain("hunter22");

  await seedCache({
    root,
    ...RUNTIME,
    store: { type: "redis", url: `${url}/2`, appPrefix: "shop" },
  });
  const keysIn = async (database: number) => {
    await client.select(database);
    return (await client.keys("*")).sort();
  };
  const byHandler = await keysIn(1);
  expect(byHandler).toHaveLength(10);
  expect(await keysIn(2)).toEqual(byHandler);
  await client.select(1);
  const name = byHandler.find((key) => key.endsWith("/p1:html")) ?? "";
  const left = await client.pttl(name);
  expect(left).toBeGreaterThan(500_000);
  expect(left).toBeLessThanOrEqual(600_000);
  const page = JSON.parse((await client.get(name)) ?? "null");
  expect(page).toMatchObject({ value: { kind: "APP_PAGE", html: "<p>/p1</p>" } });

  // Without its database, every entry is accounted for.
  await client.config("SET", "requirepass", "another");
  const refused = await run(BIN, ["run", ...args]);
  const { failure, ...report } = JSON.parse(refused.stdout);
  expect(failure.code).toMatch(/^HANDLER_/u);
  expectComplete(report, 10);
  expect(refused.stdout + refused.stderr).not.toContain("hunter22");
});

describe.skipIf(!hasRedis || !existsSync(path.join(NODE_REDIS, "node_modules")))(
  "the example's adapter",
  () => {
    it("fills a real Redis with the same entries as `seedCache`", async () => {
      const adapter = path.join(NODE_REDIS, "cache", "redis-data-adapter.ts");
      const root = project("", { count: 5 });
      const { client, url } = await startRedis();
      process.env.REDIS_URL = `${url}/1`;
      const store = { type: "handler", adapter };
      expect(await seed(root, { store })).toMatchObject({ kvPairsUploaded: 10, warnings: [] });
      delete process.env.REDIS_URL;
      await seed(root, { store: `${url}/2` });
      const all = async (database: number) => {
        await client.select(database);
        const keys = (await client.keys("*")).sort();
        const values = await Promise.all(
          keys.map(async (key) => JSON.parse((await client.get(key)) ?? "null")),
        );
        return keys.map((key, index) => {
          // A handler dates an entry with the time of its call; start-up tells none that it is pre-rendered.
          const { value, tags } = values[index];
          const { prerendered: _, ...shown } = value;
          return [key, tags, shown];
        });
      };
      const [byHandler, directly] = [await all(1), await all(2)];
      expect(byHandler).toHaveLength(10);
      expect(byHandler).toEqual(directly);
    });
  },
);
