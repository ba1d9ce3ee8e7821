// A local registry that serves the packed packages and proxies everything else.
//
// It never asks the upstream registry for a package of ours.

import { execFileSync, spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestProject } from "vitest/node";
import { HERE, ROOT, must, removeScratch, scratchDirectory } from "./run.js";

declare module "vitest" {
  interface ProvidedContext {
    registry: string;
    tarballs: string[];
  }
}

const START_MS = 60_000;

const NPM = path.join(HERE, "node_modules", "npm", "bin", "npm-cli.js");

export default async function setup(project: TestProject) {
  const home = scratchDirectory("registry");
  const port = await freePort();
  const registry = `http://127.0.0.1:${port}/`;
  const config = {
    storage: path.join(home, "storage"),
    auth: { htpasswd: { file: path.join(home, "htpasswd") } },
    uplinks: { upstream: { url: configuredRegistry() } },
    packages: {
      "@vinext/seed-native*": { access: "$all", publish: "$all", unpublish: "$all" },
      "**": { access: "$all", proxy: "upstream" },
    },
    log: { type: "file", path: path.join(home, "log"), level: "warn" },
    web: { enable: false },
    max_body_size: "50mb",
  };
  const file = path.join(home, "config.json");
  writeFileSync(file, JSON.stringify(config));
  const server = spawn(
    process.execPath,
    [
      path.join(HERE, "node_modules", "verdaccio", "bin", "verdaccio"),
      "--config",
      file,
      "--listen",
      `${port}`,
    ],
    { cwd: home, stdio: "ignore" },
  );
  await untilReady(registry);

  const directory = path.resolve(ROOT, process.env.SEED_NATIVE_PACKAGES ?? "dist/local-packages");
  const tarballs = readdirSync(directory)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => path.join(directory, name));
  if (tarballs.length < 2) throw new Error(`there are no packages in ${directory}`);
  writeFileSync(path.join(home, ".npmrc"), `${registry.slice(5)}:_authToken=nobody\n`);
  for (const tarball of tarballs) {
    must(home, [
      process.execPath,
      NPM,
      "publish",
      tarball,
      "--registry",
      registry,
      "--access=public",
    ]);
  }
  project.provide("registry", registry);
  project.provide("tarballs", tarballs);
  return async () => {
    const isGone = new Promise((resolve) => server.once("exit", resolve));
    server.kill();
    await isGone;
    removeScratch();
  };
}

/** The registry that npm uses on this machine. */
function configuredRegistry() {
  const args = [NPM, "config", "get", "registry"];
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf-8" }).trim();
}

async function untilReady(registry: string) {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
    const response = await fetch(`${registry}-/ping`).catch(() => undefined);
    if (response?.ok === true) return;
  }
  throw new Error("the registry did not start");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
