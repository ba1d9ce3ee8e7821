// Deploys real projects with real tools to a loopback API, and checks the outcome.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished } from "vitest";
import { setupNamed } from "../../compat/matrix.js";
import { assembleProject } from "../../compat/project.js";
import { planKvSeed } from "../../index.js";
import { findCommand } from "../../lib/installed-package.js";
import { startLocalApi } from "../../lib/local-api/server.js";
import { prerenderedArtifacts } from "../../scripts/build-output.js";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";
import { temporaryDirectory } from "./build.js";
import { BIN, run, type CliProcess } from "./cli.js";
import { startCloudflare, type Cloudflare, type CloudflareOptions } from "./cloudflare.js";
import type { Pair } from "./recorder.js";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** What a deploy calls instead of its own step. */
const HOOK = pathToFileURL(path.join(REPOSITORY, "__test__/support/deploy-hook.js")).href;

/**
 * A configuration of vinext 1.4.0 for projects with a wrangler configuration. Its own deploy wants to see
 * the adapter's call where `cache` is configured.
 */
export const PLAIN_VITE_CONFIG = `
import { cloudflare } from "@cloudflare/vite-plugin";
import { kvDataAdapter } from "@vinext/cloudflare/cache/kv-data-adapter";
import vinext from "vinext";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [
    vinext({
      prerender: { routes: "*" },
      cache: { data: kvDataAdapter({ binding: "VINEXT_KV_CACHE" }) },
    }),
    cloudflare({ viteEnvironment: { name: "rsc", childEnvironments: ["ssr"] } }),
  ],
});
`;

let projects = 0;

/** An unbuilt project of the matrix, removed after the test. */
export function deployable(setup: string, files: Record<string, string | null> = {}) {
  const root = assembleProject(setupNamed(setup), `deploy-${process.pid}-${++projects}`);
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    if (content === null) rmSync(file);
    else writeFileSync(file, content);
  }
  return root;
}

/**
 * Gives a project a copy of one of its packages, to be changed. All others stay links.
 * @returns the copy's directory
 */
export function throwawayCopy(root: string, name: string) {
  const modules = path.join(root, "node_modules");
  const original = path.join(REPOSITORY, setupDirectory(root), "node_modules");
  rmSync(modules);
  link(original, modules, name.split("/"));
  return path.join(modules, name);
}

/** Where a project's packages were linked from, by its package.json. */
function setupDirectory(root: string) {
  const { name } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf-8"));
  const places = [
    "example",
    ...readdirSync(path.join(REPOSITORY, "compat/versions")).map((one) => `compat/versions/${one}`),
  ];
  const found = places.find((place) => {
    const manifest = path.join(REPOSITORY, place, "package.json");
    return JSON.parse(readFileSync(manifest, "utf-8")).name === name;
  });
  if (found === undefined) throw new Error(`no packages for ${name}`);
  return found;
}

function link(from: string, to: string, [copied, ...below]: string[]) {
  mkdirSync(to);
  for (const entry of readdirSync(from)) {
    const [source, target] = [path.join(from, entry), path.join(to, entry)];
    if (entry !== copied) symlinkSync(source, target);
    else if (below.length > 0) link(source, target, below);
    else cpSync(source, target, { recursive: true });
  }
}

/** Changes a file by an anchor, which must be there exactly once. */
export function change(
  file: string,
  anchor: RegExp,
  replacement: (match: RegExpExecArray) => string,
) {
  const text = readFileSync(file, "utf-8");
  const matches = [...text.matchAll(new RegExp(anchor, `${anchor.flags}g`))];
  expect(matches, `${anchor} in ${file}`).toHaveLength(1);
  const [match] = matches as [RegExpExecArray];
  const end = match.index + match[0].length;
  writeFileSync(file, text.slice(0, match.index) + replacement(match) + text.slice(end));
}

/** A call of the hook, as a statement for a deploy's code. */
export function hookCall(args: string) {
  return `await (await import(${JSON.stringify(HOOK)})).seedOnDeploy(${args});`;
}

/** Runs one of a project's commands, or `vinext-seed`, against a loopback API. */
export async function deploy(
  root: string,
  [command = "", ...args]: string[],
  { api = {}, ...how }: CliProcess & { api?: CloudflareOptions } = {},
) {
  const cloudflare = await startCloudflare(api);
  const script = command === "vinext-seed" ? BIN : await commandOf(root, command);
  const home = temporaryDirectory();
  const env = { ...cloudflare.env, HOME: home, XDG_CONFIG_HOME: home, CI: "1", ...how.env };
  const ended = await run(script, args, { cwd: root, ...how, env });
  return { ...ended, cloudflare, output: ended.stdout + ended.stderr };
}

async function commandOf(root: string, command: string) {
  const owner = command === "vinext-cloudflare" ? "@vinext/cloudflare" : command;
  const script = await findCommand(root, owner);
  if (script === undefined) throw new Error(`${command} is not installed in ${root}`);
  return script;
}

/** Installs one package with npm into a separate directory. */
export function npmInstall(spec: string) {
  const directory = temporaryDirectory();
  const args = ["install", "--prefix", directory, "--no-audit", "--no-fund", "--no-save", spec];
  // `npm run` tells which npm it is. Its command is a shell script on Windows, its code is not.
  const npm = process.env.npm_execpath;
  if (npm === undefined) throw new Error("start this with `npm run test:deploy`");
  execFileSync(process.execPath, [npm, ...args], { stdio: "ignore" });
  return path.join(directory, "node_modules");
}

/** Expects that entries were written, all of them before the Worker was uploaded. */
export function expectSeededBeforeUpload(cloudflare: Cloudflare, namespaceId: string) {
  const writes = cloudflare.writes();
  const kinds = writes.map(({ what }) => what);
  expect(kinds).toContain("kv");
  expect(kinds).toContain("worker");
  expect(kinds.lastIndexOf("kv")).toBeLessThan(kinds.indexOf("worker"));
  for (const { what, path } of writes) {
    if (what === "kv") expect(path).toContain(`/namespaces/${namespaceId}/`);
  }
}

/** First requests to the project's Worker in real workerd, with these pairs in its KV. */
export async function served(root: string, pairs: Pair[], namespaceId: string) {
  const persistTo = temporaryDirectory();
  const apiToken = "local";
  const api = await startLocalApi({ persistTo, namespaceIds: [namespaceId], apiToken, root });
  const url = `${api.baseUrl}/accounts/local/storage/kv/namespaces/${namespaceId}/bulk`;
  const headers = { authorization: `Bearer ${apiToken}` };
  const response = await fetch(url, { method: "PUT", headers, body: JSON.stringify(pairs) });
  expect(response.status).toBe(200);
  await api.close();
  const worker = await startWranglerDev({ root, persistTo });
  try {
    return await firstRequests(root, worker.url);
  } finally {
    await worker.stop();
  }
}

/** The answers to the first request for each document that is seeded. */
export async function firstRequests(root: string, url: string) {
  const counts = { hits: 0, of: 0, others: [] as string[] };
  const { routesSkipped } = await planKvSeed({ root, allowUnprovenRoutes: true });
  const leftOut = new Set(routesSkipped.map(({ route, path }) => path ?? route));
  for (const { kind, pathname, url: address, content, status } of prerenderedArtifacts(root)) {
    if (kind !== "html" || leftOut.has(pathname)) continue;
    counts.of += 1;
    const response = await fetch(url + address, { redirect: "manual" });
    const body = Buffer.from(await response.arrayBuffer());
    const cache = response.headers.get("x-vinext-cache") ?? "-";
    if (cache === "HIT" && body.equals(content) && response.status === status) counts.hits += 1;
    else counts.others.push(`${pathname}: ${cache} ${response.status}`);
  }
  return counts;
}

/** Expects that every page is answered from the cache, and that there are at least as many as the project has. */
export function expectAllHit(answered: Awaited<ReturnType<typeof firstRequests>>, least = 11) {
  const { hits, of, others } = answered;
  expect(others).toEqual([]);
  expect(hits).toBe(of);
  expect(hits).toBeGreaterThanOrEqual(least);
}
