// The published packages classify: their own functions on made-up routes, their own KV handlers on what
// we store, and their code on which format it is.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { Oracle, PACKAGES, REPRESENTATIVES, type Versions } from "../compat/oracles/client.js";
import { compare } from "../compat/oracles/differential.js";
import { probeFiles } from "../lib/binding.js";
import { explainRoute } from "../index.js";
import { explainRoute as explainNatively } from "../lib/binding.js";
import { findRuntime } from "../lib/runtime.js";
import { BUILD_ID, buildOf, rendered, temporaryDirectory } from "./support/build.js";
import { startRecorder } from "./support/recorder.js";
import { seed } from "./support/seed.js";

const CASES = 20_000;
const label = ({ vinext, cloudflare }: Versions) =>
  cloudflare === undefined ? vinext : `${vinext} with adapter ${cloudflare}`;

describe("keys, tags and files equal the package's own", () => {
  it.concurrent.each(REPRESENTATIVES.map((versions) => [label(versions), versions] as const))(
    "vinext %s",
    { timeout: 240_000 },
    async (_, versions) => {
      const { agreed, difference } = await compare(versions, CASES, 20_261_122);
      expect(difference).toBeUndefined();
      expect(agreed).toBe(CASES);
    },
  );

  it("and differ from another version's", async () => {
    const oracle = new Oracle({ vinext: "1.0.0-beta.10", cloudflare: "1.0.0-beta.7" });
    const question = { route: "/a", segments: ["a"], buildId: "b", appPrefix: "" };
    const [theirs] = await oracle.ask({ op: "explain", cases: [question] });
    oracle.close();
    const ours = explainRoute({ route: "/a", buildId: "b", runtime: { vinext: "1.4.0" } });
    expect(theirs.html).toBe("app:b:/a:html");
    expect(ours.html.logicalKey).not.toBe(theirs.html);
  });
});

/** Pages of all sorts, as every version's build lists them. */
const ROUTES = [
  rendered("/isr", { revalidate: 60, expire: 3600 }),
  rendered("/fraction", { revalidate: 0.5, expire: 0.75 }),
  rendered("/static"),
  rendered("/zero", { revalidate: 0 }),
  rendered("/null", { revalidate: null }),
  rendered("/stale", { revalidate: 9, expire: 90, stale: 3 }),
  rendered("/blog/:slug", { path: "/blog/hello", revalidate: 60, tags: ["posts", "日本", "a:b"] }),
  rendered("/long/:slug", { path: `/long/${"x".repeat(200)}`, revalidate: 60 }),
  rendered("/link", { revalidate: 60, headers: { link: "</a.css>; rel=preload" } }),
];
const HTML = Buffer.concat([
  Buffer.from('\ufeff<p class="é\\n😀">\u2028\u0000\u001f\t\\u0041</p>'),
  Buffer.from([0xff, 0xe2, 0x82, 0xed, 0xa0, 0x80, 0xf0, 0x9f]),
]);
const RSC = Buffer.from(Array.from({ length: 1001 }, (_, index) => (index * 7) % 256));

function filesOf(routes: { route: string; path?: string }[]) {
  return Object.fromEntries(
    routes.flatMap(({ route, path: concrete }) => {
      const name = (concrete ?? route).slice(1);
      return [
        [`${name}.html`, HTML],
        [`${name}.rsc`, RSC],
      ];
    }),
  );
}

describe("the KV handler reads what is stored as fresh, byte for byte", () => {
  it.each(REPRESENTATIVES.map((versions) => [label(versions), versions] as const))(
    "vinext %s",
    async (_, runtime) => {
      const root = buildOf(ROUTES, filesOf(ROUTES));
      const worker = `const prefix = "app:${BUILD_ID}"; function appIsrCacheKey(pathname, suffix, buildId = "${BUILD_ID}") {}`;
      writeFileSync(path.join(root, "dist/server/index.js"), worker);
      const api = await startRecorder();
      const given = { appPrefix: "shop", allowUnprovenRoutes: true, seedFailedRenders: true };
      const options = { apiBaseUrl: api.baseUrl, ...given };
      const result = await seed({ root, runtime, ...options });
      const oldest = runtime.vinext.startsWith("0.0.3") || runtime.vinext.startsWith("0.0.4");
      expect(result.seededRoutes).toBe(oldest ? 6 : ROUTES.length);

      const pairs = Object.fromEntries(api.pairs().map(({ key, value }) => [key, value]));
      const logicalKeys = Object.keys(pairs).map((key) => key.slice("shop:cache:".length));
      const oracle = new Oracle(runtime);
      const now = Date.now();
      const read = await oracle.ask({ op: "get", appPrefix: "shop", pairs, logicalKeys, now });
      oracle.close();
      expect(read.deleted).toEqual([]);
      expect(read.entries).toHaveLength(result.kvPairsUploaded);
      for (const [index, entry] of read.entries.entries()) {
        const key = logicalKeys[index] ?? "";
        expect(entry, key).not.toBeNull();
        expect(entry.cacheState ?? "fresh", key).toBe("fresh");
        if (key.endsWith(":rsc")) {
          expect(entry.value.rscData, key).toEqual({ base64: RSC.toString("base64") });
          expect(entry.value.html, key).toBe("");
        } else {
          expect(entry.value.html, key).toBe(HTML.toString("utf-8"));
        }
      }
    },
  );
});

describe("detects the format from the code", () => {
  const known = Object.keys(
    JSON.parse(readFileSync(path.join(PACKAGES, "../package.json"), "utf-8")).dependencies,
  ).flatMap((alias) => (alias.startsWith("vinext-") ? [alias.slice("vinext-".length)] : []));

  function probesOf(directory: string, files: string[]) {
    const there = files.filter((file) => existsSync(path.join(directory, file)));
    return Object.fromEntries(
      there.map((file) => [file, readFileSync(path.join(directory, file), "utf-8")]),
    );
  }
  const probesOfVersion = (version: string) => ({
    vinext: probesOf(path.join(PACKAGES, `vinext-${version}`), probeFiles().vinext),
  });
  const explain = (runtime: Parameters<typeof explainRoute>[0]["runtime"]) =>
    explainNatively({ route: `/日/%41/${"x".repeat(200)}/`, buildId: "b", runtime });

  it("of every version that is installed", () => {
    expect(known.length).toBeGreaterThan(20);
  });

  it.each(known)("to the same as by version: %s", (version) => {
    const byVersion = () => explain({ vinext: version });
    // A made-up number, so that nothing but the code can tell.
    const byCode = () => explain({ vinext: "9.9.9", probes: probesOfVersion(version) });
    if (["0.0.30", "0.0.31", "0.0.49"].includes(version)) {
      expect(byVersion).toThrow();
      expect(byCode).toThrow();
    } else {
      // The adapter decides between these two, and none is given.
      const { generation, ...lookup } = byVersion();
      const detected = byCode();
      expect(detected).toMatchObject(lookup);
      expect(detected.generation).toBe(generation === "g08" ? "g07" : generation);
    }
  });

  it("and rejects newer code that matches no known version", () => {
    const probes = probesOfVersion("1.4.0");
    const changed = (file: string, from: string, to: string) => {
      const text = probes.vinext[file] ?? "";
      expect(text).toContain(from);
      return { vinext: { ...probes.vinext, [file]: text.replaceAll(from, to) } };
    };
    const newer = { vinext: "1.5.0" };
    expect(explain({ ...newer, probes }).generation).toBe("g12");
    for (const [file, from, to, said] of [
      ["dist/server/isr-cache.js", "app:v2", "app:v3", "key prefix"],
      [
        "dist/server/isr-cache.js",
        'createHash("sha256")',
        'createHash("blake3")',
        "hash of long paths",
      ],
      [
        "dist/server/app-page-cache.js",
        "prerendered !== true",
        "prerendered !== 1",
        "does not know",
      ],
      ["dist/server/implicit-tags.js", "slice(0, -1)", "slice(0, -2)", "does not know"],
    ] as const) {
      expect(() => explain({ ...newer, probes: changed(file, from, to) }), to).toThrow(said);
    }
    for (const file of Object.keys(probes.vinext)) {
      const { [file]: _, ...rest } = probes.vinext;
      const without = () => explain({ ...newer, probes: { vinext: rest } });
      // Files of older versions may be missing; without any other nothing is certain.
      if (file === "dist/entries/app-rsc-entry.js") expect(without).not.toThrow();
      else expect(without, file).toThrow(/1\.5\.0/u);
    }
  });
});

describe("the packages of a project are found", () => {
  const link = (target: string, at: string) => {
    mkdirSync(path.dirname(at), { recursive: true });
    symlinkSync(target, at);
  };
  const vinext = (version: string) => path.join(PACKAGES, `vinext-${version}`);

  it("in its own node_modules, before those of the workspace above it", async () => {
    const workspace = temporaryDirectory();
    const project = path.join(workspace, "apps/site");
    mkdirSync(project, { recursive: true });
    expect(await findRuntime(project)).toBeUndefined();
    link(vinext("0.0.38"), path.join(workspace, "node_modules/vinext"));
    expect((await findRuntime(project))?.versions.vinext).toBe("0.0.38");
    link(vinext("1.4.0"), path.join(project, "node_modules/vinext"));
    link(
      path.join(PACKAGES, "cloudflare-1.0.0-beta.7"),
      path.join(project, "node_modules/@vinext/cloudflare"),
    );
    const found = (await findRuntime(project))?.versions;
    expect(found).toMatchObject({ vinext: "1.4.0", cloudflare: "1.0.0-beta.7" });
    expect(Object.keys(found?.probes?.cloudflare ?? {})).toContain("dist/cache/kv-key.js");
  });

  it("through Yarn's Plug'n'Play", async () => {
    const project = temporaryDirectory();
    const api = `exports.resolveToUnqualified = (name) => {
      if (name === "vinext") return ${JSON.stringify(vinext("1.4.0"))};
      throw new Error("not a dependency");
    };`;
    writeFileSync(path.join(project, ".pnp.cjs"), api);
    expect((await findRuntime(project))?.versions).toMatchObject({ vinext: "1.4.0" });
    expect((await findRuntime(project))?.cloudflare).toBeUndefined();
  });
});
