// A built project with published packages, as the command finds it.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { PACKAGES } from "../../compat/oracles/client.js";
import { BUILD_ID, buildOf, payload, rendered } from "./build.js";
import { writeWorker, type WorkerFile } from "./worker.js";

export const NAMESPACE = "11111111111111111111111111111111";

/** The packages of the example, as they are installed. */
export const EXAMPLE_MODULES = fileURLToPath(
  new URL("../../example/node_modules", import.meta.url),
);

export interface ProjectFiles {
  /** Files by their path; an object becomes JSON. */
  files?: Record<string, string | object>;
  /** Pages; by default `/a` and `/b`. */
  routes?: unknown[];
  artifacts?: Record<string, string>;
  /** Whether wrangler is installed. */
  wrangler?: boolean;
  /** The version of vinext that is installed. */
  vinext?: string;
  /** What the built Worker shows; `null` for none. */
  worker?: Omit<WorkerFile, "buildId"> | null;
}

/** A configuration that binds the adapter's default. */
export function wranglerConfig(more: object = {}) {
  return {
    name: "shop",
    compatibility_date: "2026-05-01",
    kv_namespaces: [{ binding: "VINEXT_KV_CACHE", id: NAMESPACE }],
    ...more,
  };
}

/** A site of this many pages, of which a few fit into one request. */
export function writeLargeSite(count: number) {
  const routes = Array.from({ length: count }, (_, index) => rendered(`/p${index}`));
  const content = "x".repeat(1_600_000);
  const artifacts = Object.fromEntries(
    routes.map(({ route }) => [`${route.slice(1)}.html`, content]),
  );
  return writeProject({ wrangler: false, routes, artifacts });
}

export function writeProject(project: ProjectFiles = {}) {
  const { files, routes, artifacts, wrangler = true, vinext = "1.4.0", worker = {} } = project;
  const pages = { "a.html": "A", "a.rsc": payload("a"), "b.html": "B" };
  const root = buildOf(routes ?? [rendered("/a"), rendered("/b")], artifacts ?? pages, {
    buildId: BUILD_ID,
  });
  if (worker !== null) writeWorker(root, { buildId: BUILD_ID, vinext, ...worker });
  const modules = path.join(root, "node_modules");
  mkdirSync(modules, { recursive: true });
  link(path.join(PACKAGES, `vinext-${vinext}`), path.join(modules, "vinext"), "compat/oracles");
  if (wrangler) {
    link(path.join(EXAMPLE_MODULES, "wrangler"), path.join(modules, "wrangler"), "example");
  }
  const all = { "package.json": { name: "shop", private: true }, ...files };
  for (const [name, content] of Object.entries(all)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return root;
}

/** Links an installed package. A dangling link would fail far from here, as "vinext is not installed". */
function link(installed: string, place: string, step: string) {
  if (!existsSync(installed)) {
    throw new Error(`${installed} is missing; run \`node scripts/prepare.js ${step}\``);
  }
  symlinkSync(installed, place);
}
