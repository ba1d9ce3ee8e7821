// Manifests and artifacts that are broken, hostile or in the way.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { BUILD_ID, buildOf, key, rendered, writeBuild } from "./support/build.js";
import { startRecorder } from "./support/recorder.js";
import { startScriptedApi } from "./support/scripted-api.js";
import { failureOf, seed, seeded } from "./support/seed.js";

const isWindows = process.platform === "win32";
/** Whether every file is readable, whatever its mode. */
const readsAll = isWindows || process.getuid?.() === 0;

const manifestOf = (root: string) => path.join(root, "dist/server/vinext-prerender.json");
const artifactsOf = (root: string) => path.join(root, "dist/server/prerendered-routes");

describe("a manifest", () => {
  it.skipIf(isWindows)("fails with its path if it is a directory or a pipe", async () => {
    const root = buildOf([]);
    for (const make of [mkdirSync, (file: string) => execFileSync("mkfifo", [file])]) {
      rmSync(manifestOf(root), { recursive: true });
      make(manifestOf(root));
      const error = await failureOf(seeded(root));
      expect(error.code).toBe("MANIFEST_UNREADABLE");
      expect(error.message).toContain("vinext-prerender.json");
    }
  });

  it.skipIf(readsAll)("fails with its path if it is unreadable", async () => {
    const root = buildOf([]);
    chmodSync(manifestOf(root), 0);
    expect(await failureOf(seeded(root))).toMatchObject({ code: "MANIFEST_UNREADABLE" });
  });

  it("skips routes of wrong types with a reason", async () => {
    const odd = [
      null,
      7,
      "text",
      [],
      rendered("/a", { route: 7 }),
      rendered("/a", { path: {} }),
      rendered("/a", { status: 1 }),
      rendered("/a", { revalidate: "60" }),
      rendered("/a", { tags: "t" }),
      rendered("/a", { headers: 1 }),
      rendered("/a", { responseStatus: "404" }),
    ];
    const root = buildOf([...odd, rendered("/ok")], { "ok.html": "x", "a.html": "x" });
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([key("/ok", "html")]);
    expect(result.routesSkipped.map(({ code }) => code)).toEqual(odd.map(() => "invalid-route"));
    expect(result.routesSkipped[0]?.route).toBe("routes[0]");
    for (const { reason } of result.routesSkipped) expect(reason).not.toBe("");
  });

  it("may contain any valid JSON", async () => {
    const routes = [
      String.raw`{"route":"/\ud800","status":"rendered","router":"app"}`,
      String.raw`{"route":"/big","status":"rendered","router":"app","revalidate":1e400}`,
      String.raw`{"route":"/x","route":"/twice","status":"rendered","router":"app"}`,
      String.raw`{"\u0072oute":"\/esc","status":"rendered","router":"app","more":"\udc00"}`,
    ];
    const manifest = `{"routes":[${routes.join(",")}],"buildId":"${BUILD_ID}","x":{"routes":[1]}}`;
    const files = { "twice.html": "t", "esc.html": "e", "big.html": "b" };
    const { result, keys } = await seeded(writeBuild(manifest, files));
    expect(keys).toEqual([key("/twice", "html"), key("/esc", "html")]);
    expect(result.routesSkipped.map(({ route, code }) => [route, code])).toEqual([
      ["routes[0]", "invalid-route"],
      ["/big", "invalid-route"],
    ]);
  });

  it("fails with a report if it changes while its routes are sent", async () => {
    // More pages than a run of the least memory packs ahead of its requests.
    const names = Array.from({ length: 1200 }, (_, index) => `p${index}`);
    const page = "x".repeat(20_000);
    const files = Object.fromEntries(names.map((name) => [`${name}.html`, page]));
    const root = buildOf(
      names.map((name) => rendered(`/${name}`)),
      files,
    );
    const api = await startScriptedApi((_, number) => {
      if (number === 1) truncateSync(manifestOf(root), 200);
      return {};
    });
    const options = { maxMemoryBytes: 1, concurrency: 1 };
    const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl, ...options }));
    expect(error.code).toBe("MANIFEST_CHANGED");
    expect(error.message).toContain("vinext-prerender.json changed");
    const { kvPairsUploaded = 0, routes, routesNotReached = 0 } = error.report ?? {};
    expect(kvPairsUploaded).toBe(api.stored().length);
    expect(kvPairsUploaded).toBeGreaterThan(0);
    expect(routes).toBe(names.length);
    expect(routesNotReached).toBe(names.length - kvPairsUploaded);
    expect(routesNotReached).toBeGreaterThan(0);
  });

  it("may have 200 MB", async () => {
    const padding = "p".repeat(2000);
    const skipped = { route: `/${padding}`, status: "skipped", reason: "dynamic" };
    const many = JSON.stringify(skipped);
    const count = Math.ceil(200e6 / many.length);
    const manifest = `{"buildId":"${BUILD_ID}","routes":[${JSON.stringify(rendered("/a"))},${Array(count).fill(many).join(",")}]}`;
    const root = writeBuild(manifest, { "a.html": "a" });
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([key("/a", "html")]);
    expect(result.routesSkippedTotal).toBe(count);
    expect(result.routesSkipped).toHaveLength(10_000);
    expect(result.skippedReasons).toMatchObject([{ code: "not-rendered", count }]);
  });
});

describe("a route's path", () => {
  it.each([
    ["/../secret", "unsafe-path"],
    ["/a/../../secret", "unsafe-path"],
    ["//etc/passwd", "unsafe-path"],
    ["/a\\..\\b", "unsafe-path"],
    ["/a\0b", "unsafe-path"],
    ["/./a", "unsafe-path"],
    ["", "missing-artifact"],
    [`/${"long".repeat(200)}`, "unusable-artifact"],
  ])("cannot escape the directory: %j", async (pathname, code) => {
    const root = buildOf([rendered("/ok"), rendered("/:x", { path: pathname })], {
      "ok.html": "x",
    });
    writeFileSync(path.join(root, "dist/server/secret.html"), "secret");
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([key("/ok", "html")]);
    expect(result.routesSkipped).toMatchObject([{ route: "/:x", path: pathname, code }]);
  });
});

describe("an artifact", () => {
  it("may be a link within the build, but not out of it", async () => {
    const root = buildOf([rendered("/in"), rendered("/out"), rendered("/payload")], {
      "real.html": "inside",
      "payload.html": "x",
    });
    writeFileSync(path.join(root, "secret"), "secret");
    symlinkSync("real.html", path.join(artifactsOf(root), "in.html"));
    symlinkSync("../../../secret", path.join(artifactsOf(root), "out.html"));
    symlinkSync(path.join(root, "secret"), path.join(artifactsOf(root), "payload.rsc"));
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([key("/in", "html")]);
    expect(result.routesSkipped).toMatchObject([
      { route: "/out", code: "unusable-artifact" },
      { route: "/payload", code: "unusable-artifact" },
    ]);
  });

  it.skipIf(isWindows)("is skipped if it is a directory or a pipe", async () => {
    const root = buildOf([rendered("/dir"), rendered("/pipe"), rendered("/ok")], {
      "ok.html": "x",
    });
    mkdirSync(path.join(artifactsOf(root), "dir.html"));
    execFileSync("mkfifo", [path.join(artifactsOf(root), "pipe.html")]);
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([key("/ok", "html")]);
    expect(result.routesSkipped.map(({ reason }) => reason)).toEqual([
      "dir.html: it is a directory, not a regular file",
      "pipe.html: it is a pipe, socket or device, not a regular file",
    ]);
  });

  it.skipIf(readsAll)("ends the run if the machine cannot read it", async () => {
    const root = buildOf([rendered("/a"), rendered("/ok")], { "a.html": "x", "ok.html": "x" });
    chmodSync(path.join(artifactsOf(root), "a.html"), 0);
    const error = await failureOf(seeded(root));
    expect(error.code).toBe("ARTIFACTS_UNREADABLE");
    expect(error.message).toContain("dist/server/prerendered-routes/a.html");
  });

  it("may fill the largest KV value, but not one byte more", async () => {
    // What a value has besides its document, whose quotes take two bytes each there.
    const { pairs } = await seeded(buildOf([rendered("/a")], { "a.html": "x" }));
    const [other = ""] = pairs.map(({ value }) => value);
    const quotes = 1000;
    const largest = 25 * 1024 * 1024 - (Buffer.byteLength(other) - 1) - quotes;
    const documentOf = (bytes: number) => `${'"'.repeat(quotes)}${"x".repeat(bytes - quotes)}`;
    const files = { "b.html": documentOf(largest), "c.html": documentOf(largest + 1) };
    const { result, pairs: stored } = await seeded(
      buildOf([rendered("/b"), rendered("/c")], files),
    );
    expect(stored.map((pair) => pair.key)).toEqual([key("/b", "html")]);
    expect(Buffer.byteLength(stored[0]?.value ?? "")).toBe(25 * 1024 * 1024);
    expect(result.routesSkipped).toMatchObject([{ route: "/c", code: "value-too-large" }]);
  });

  it("is skipped if a payload is an HTML document", async () => {
    const files = { "a.html": "x", "a.rsc": "\n<!DOCTYPE html><p>", "ok.html": "x" };
    const { result, keys } = await seeded(buildOf([rendered("/a"), rendered("/ok")], files));
    expect(keys).toEqual([key("/ok", "html")]);
    expect(result.routesSkipped).toMatchObject([{ route: "/a", code: "rsc-is-html" }]);
  });

  it("fails if its directory is a file", async () => {
    const root = buildOf([rendered("/a")]);
    writeFileSync(artifactsOf(root), "");
    expect(await failureOf(seeded(root))).toMatchObject({ code: "ARTIFACTS_UNREADABLE" });
  });

  it("is skipped if its whole directory is missing", async () => {
    const dynamic = { ...rendered("/b"), status: "skipped", reason: "dynamic" };
    const { result } = await seeded(buildOf([rendered("/a"), dynamic]));
    expect(result.skippedCode).toBe("artifacts-missing");
    expect(result.skipped).toMatch(
      /files for 1 of 2 routes are missing from dist\/server\/prerendered-routes/u,
    );
    expect(result.routesSkipped).toMatchObject([
      { route: "/a", code: "missing-artifact" },
      { route: "/b" },
    ]);
  });
});

it("caps untrusted text", async () => {
  const reason = "r".repeat(5000);
  const { result } = await seeded(buildOf([{ route: "/a", status: "error", error: reason }]));
  expect(result.routesSkipped[0]?.reason.length).toBeLessThan(600);
  const root = buildOf([rendered("/a")], { "a.html": "a" });
  const api = await startRecorder({ status: 400, body: "e".repeat(5000) });
  const error = await failureOf(seed({ root, apiBaseUrl: api.baseUrl }));
  expect(error.message).toContain("eee");
  expect(error.message.length).toBeLessThan(600);
});
