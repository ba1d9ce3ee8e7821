// The machine and other programs: large and sparse files, few descriptors and threads, replaced manifests,
// links, dates.

import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import { seedFromProject, type PlanOptions } from "../../index.js";
import { PEAK_BYTES } from "../../benchmark/memory.js";
import { BUILD_ID, buildOf, key, rendered, temporaryDirectory } from "../support/build.js";
import { startScriptedApi } from "../support/scripted-api.js";
import { failureOf, seed, seeded } from "../support/seed.js";

export interface MachineFault {
  fault: string;
  behaviour: string;
  /** Where the test makes the fault with means of Unix. */
  needsUnix?: boolean;
  /** Where the test becomes another user of Linux, which only root can. */
  needsRoot?: boolean;
  run: () => Promise<void>;
}

const INDEX = pathToFileURL(path.join(import.meta.dirname, "..", "..", "index.js")).href;

const artifactsOf = (root: string) => path.join(root, "dist/server/prerendered-routes");
const manifestOf = (root: string) => path.join(root, "dist/server/vinext-prerender.json");

/** Plans a build in a separate process; the result, and the most memory it took, in bytes. */
function plannedApart(root: string, options: Partial<PlanOptions> = {}, before = "") {
  const script = `
    import { planKvSeed } from ${JSON.stringify(INDEX)};
    ${PEAK_BYTES}
    const options = ${JSON.stringify({ root, runtime: { vinext: "1.4.0" }, ...options })};
    const idle = peakBytes();
    const plan = await planKvSeed(options).catch(({ code, message }) => ({ code, message }));
    const bytes = peakBytes() - idle;
    console.log(JSON.stringify({ plan, bytes }));
  `;
  const node = `exec "$0" --input-type=module -e "$1"`;
  const child = spawnSync("sh", ["-c", `${before}${node}`, process.execPath, script], {
    encoding: "utf-8",
  });
  return JSON.parse(child.stdout || JSON.stringify({ plan: { code: child.stderr } }));
}

function numbered(count: number) {
  const names = Array.from({ length: count }, (_, index) => `p${index}`);
  return buildOf(
    names.map((name) => rendered(`/${name}`)),
    Object.fromEntries(names.map((name) => [`${name}.html`, name])),
  );
}

async function withDate(seconds: number, why: string) {
  const root = numbered(1);
  utimesSync(manifestOf(root), seconds, seconds);
  const before = Date.now();
  const { result, pairs } = await seeded(root);
  expect(result.warnings.join()).toContain(why);
  const { lastModified } = JSON.parse(pairs[0]?.value ?? "");
  expect(lastModified).toBeGreaterThanOrEqual(before);
  expect(lastModified).toBeLessThanOrEqual(Date.now());
}

export const FILES: MachineFault[] = [
  {
    fault: "artifacts of 250 MB and 3 GB, sparse",
    behaviour:
      "skipped as `value-too-large` without reading them, for every store: less than 60 MB of memory",
    needsUnix: true,
    async run() {
      const root = buildOf([rendered("/a"), rendered("/b"), rendered("/ok")], { "ok.html": "x" });
      for (const [name, bytes] of Object.entries({ "a.html": 250e6, "b.html": 3e9 })) {
        ftruncateSync(openSync(path.join(artifactsOf(root), name), "w"), bytes);
      }
      // A directory takes values of any size.
      for (const options of [{}, { store: "dir:entries" }]) {
        const { plan, bytes } = plannedApart(root, options);
        expect(plan.routesSkipped).toMatchObject([
          { route: "/a", code: "value-too-large" },
          { route: "/b", code: "value-too-large" },
        ]);
        expect(plan.kvPairs).toBe(1);
        expect(bytes).toBeLessThan(60e6);
      }
    },
  },
  {
    fault: "40 descriptors for 300 pages (`ulimit -n`)",
    behaviour: "every page is packed, with fewer files open at a time",
    needsUnix: true,
    async run() {
      const { plan } = plannedApart(numbered(300), {}, "ulimit -n 40; ");
      expect(plan.kvPairs).toBe(300);
      expect(plan.routesSkippedTotal).toBe(0);
    },
  },
  {
    fault: "a pipe in place of an artifact",
    behaviour: "skipped with a reason; reading it does not block",
    needsUnix: true,
    async run() {
      const root = buildOf([rendered("/a"), rendered("/ok")], { "ok.html": "x" });
      execFileSync("mkfifo", [path.join(artifactsOf(root), "a.html")]);
      const { result, keys } = await seeded(root);
      expect(keys).toEqual([key("/ok", "html")]);
      expect(result.routesSkipped).toMatchObject([
        { route: "/a", reason: expect.stringContaining("not a regular file") },
      ]);
    },
  },
  {
    fault: "a pipe, or a file of 20 MB, in place of a package's `package.json`",
    behaviour: "the package counts as missing; nothing waits for it",
    needsUnix: true,
    async run() {
      for (const isPipe of [true, false]) {
        const root = numbered(1);
        const vinext = path.join(root, "node_modules/vinext");
        const manifest = path.join(vinext, "package.json");
        mkdirSync(vinext, { recursive: true });
        if (isPipe) execFileSync("mkfifo", [manifest]);
        else writeFileSync(manifest, `{"version":"1.4.0"}${" ".repeat(20e6)}`);
        const { skippedCode } = await seedFromProject({ root, apiToken: "token-of-the-test" });
        expect(skippedCode).toBe("vinext-not-installed");
      }
    },
  },
  {
    fault: "artifacts and directories that are symbolic links into a store",
    behaviour: "followed, page by page",
    needsUnix: true,
    async run() {
      const root = buildOf([rendered("/a"), rendered("/blog/b"), rendered("/c")], {
        "c.html": "c",
      });
      const store = temporaryDirectory();
      mkdirSync(path.join(store, "blog"));
      writeFileSync(path.join(store, "5k2-a.html"), "a");
      writeFileSync(path.join(store, "blog/b.html"), "b");
      symlinkSync(path.join(store, "5k2-a.html"), path.join(artifactsOf(root), "a.html"));
      symlinkSync(path.join(store, "blog"), path.join(artifactsOf(root), "blog"));
      const { result, keys } = await seeded(root);
      expect(result.routesSkipped).toEqual([]);
      expect(keys).toEqual(["/a", "/blog/b", "/c"].map((pathname) => key(pathname, "html")));
    },
  },
  {
    fault: "a case-insensitive disk, with `/Case` and `/case` in one file",
    behaviour: "both are skipped as `shared-name`, as is a page whose file name has different case",
    needsUnix: true,
    async run() {
      const names = ["/Case", "/case", "/blog/a", "/Blog/b", "/ok"];
      // As such a disk lists it: named as the first that was written, with the content of the last.
      const files = {
        "Case.html": "case",
        "blog/a.html": "a",
        "blog/b.html": "b",
        "ok.html": "ok",
      };
      const root = buildOf(
        names.map((name) => rendered(name)),
        files,
      );
      // Such a disk shows as a directory with a second name.
      const other = path.join(root, "dist/server/PRERENDERED-ROUTES");
      if (!existsSync(other)) symlinkSync("prerendered-routes", other);
      const { result, keys } = await seeded(root);
      expect(keys).toEqual(["/blog/a", "/ok"].map((pathname) => key(pathname, "html")));
      expect(result.routesSkipped.map(({ route, code }) => [route, code])).toEqual(
        ["/Case", "/case", "/Blog/b"].map((route) => [route, "shared-name"]),
      );
    },
  },
  {
    fault: "`dist`, `dist/server`, `prerendered-routes` or the manifest is a link",
    behaviour: "followed",
    needsUnix: true,
    async run() {
      const directory = path.join("dist", "server");
      const inside = ["prerendered-routes", "vinext-prerender.json"];
      for (const name of ["dist", directory, ...inside.map((name) => path.join(directory, name))]) {
        const root = numbered(1);
        const elsewhere = path.join(temporaryDirectory(), "elsewhere");
        renameSync(path.join(root, name), elsewhere);
        symlinkSync(elsewhere, path.join(root, name));
        expect((await seeded(root)).keys, name).toEqual([key("/p0", "html")]);
      }
    },
  },
];

export const MANIFESTS: MachineFault[] = [
  {
    fault: "the manifest is replaced while entries are sent",
    behaviour: "final: `MANIFEST_CHANGED`, with a report of what is stored",
    async run() {
      const root = numbered(2);
      const other = `${manifestOf(root)}.new`;
      writeFileSync(other, JSON.stringify({ buildId: BUILD_ID, routes: [] }));
      const api = await startScriptedApi((_, number) => {
        if (number === 1) renameSync(other, manifestOf(root));
        return {};
      });
      const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
      expect(error.code).toBe("MANIFEST_CHANGED");
      expect(error.report?.kvPairsUploaded).toBe(2);
    },
  },
  {
    fault: "the Worker gets another build id while entries are sent",
    behaviour: "final: `MANIFEST_CHANGED`",
    async run() {
      const root = numbered(1);
      const api = await startScriptedApi(() => {
        writeFileSync(path.join(root, "dist/server/BUILD_ID"), "another");
        return {};
      });
      const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
      expect(error.code).toBe("MANIFEST_CHANGED");
    },
  },
  {
    fault: "the manifest is dated 1970",
    behaviour: "counts as written now, with a warning",
    run: () => withDate(0, "before vinext existed"),
  },
  {
    fault: "the manifest is dated 1980, as in archives without dates",
    behaviour: "counts as written now, with a warning",
    run: () => withDate(315_532_800, "before vinext existed"),
  },
  {
    fault: "the manifest is dated tomorrow",
    behaviour: "counts as written now, with a warning",
    run: () => withDate(Date.now() / 1000 + 86_400, "in the future"),
  },
];

/** The user that runs the limited process. It has no other processes, which the limit would count too. */
const NOBODY_ELSE = "54321";

/** The error code of a run whose user may have this many threads; nothing if Node cannot start. */
function seededWithThreads(root: string, threads: number) {
  const script = `
    console.log("started");
    const { seedKvCache } = await import(${JSON.stringify(INDEX)});
    await seedKvCache({
      root: ${JSON.stringify(root)},
      runtime: { vinext: "1.4.0" },
      accountId: "0123456789abcdef0123456789abcdef",
      namespaceId: "0123456789abcdef0123456789abcdef",
      apiToken: "token",
      apiBaseUrl: "http://localhost:1/",
      retry: { attempts: 1 },
      selfCheck: false,
    }).catch(({ code }) => console.log(code));
  `;
  const reads = "+dac_read_search";
  const child = spawnSync(
    "setpriv",
    [
      ...[`--reuid=${NOBODY_ELSE}`, "--clear-groups"],
      ...[`--inh-caps=${reads}`, `--ambient-caps=${reads}`],
      ...["prlimit", `--nproc=${threads}`, process.execPath, "--input-type=module", "-e", script],
    ],
    { encoding: "utf-8", timeout: 60_000 },
  );
  const [started, code] = child.stdout.split("\n");
  return started === "started" ? code || `${child.signal}: ${child.stderr}` : undefined;
}

export const THREADS: MachineFault[] = [
  {
    fault: "a limit of threads that Node just fits in (`ulimit -u`, a container's `pids`)",
    behaviour: "`OUT_OF_RESOURCES`; the process is not ended",
    needsRoot: true,
    async run() {
      const root = numbered(1);
      const said = Array.from({ length: 20 }, (_, more) => seededWithThreads(root, more + 6));
      const outcomes = new Set(said.filter((code) => code !== undefined));
      // With enough threads, the run fails only because nothing listens on the port.
      expect([...outcomes].sort()).toEqual(["NETWORK_ERROR", "OUT_OF_RESOURCES"]);
    },
  },
];
