// A build's output, written by hand.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

export const BUILD_ID = "5c1f0e2d-3a4b-4c5d-8e6f-708192a3b4c5";

/** A rendered App Router route, with additional members. */
export function rendered(route: string, more: Record<string, unknown> = {}) {
  return { route, status: "rendered", revalidate: false, router: "app", ...more };
}

/** The payload of a page whose render succeeded. */
export function payload(text = ""): string {
  return `0:{"page:/":"$L1"}\n1:${JSON.stringify(text)}\n`;
}

/** A directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes `dist/server/` of a project and returns the project's directory. */
export function writeBuild(manifest: unknown, files: Record<string, string | Uint8Array> = {}) {
  const root = temporaryDirectory();
  const server = path.join(root, "dist", "server");
  mkdirSync(server, { recursive: true });
  const content = typeof manifest === "string" ? manifest : JSON.stringify(manifest, null, 2);
  writeFileSync(path.join(server, "vinext-prerender.json"), content);
  for (const [name, artifact] of Object.entries(files)) {
    const file = path.join(server, "prerendered-routes", name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, artifact);
  }
  return root;
}

/** A build with the given routes. */
export function buildOf(
  routes: unknown[],
  files: Record<string, string | Uint8Array> = {},
  more: Record<string, unknown> = {},
) {
  return writeBuild({ buildId: BUILD_ID, trailingSlash: false, ...more, routes }, files);
}

/** Keys as vinext 1.4.0 reads them. */
export function key(pathname: string, kind: "html" | "rsc" | "route") {
  return `cache:app:v2:${BUILD_ID}:${pathname}:${kind}`;
}
