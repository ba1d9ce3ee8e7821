// The package managers, each as it comes, with caches of its own.

import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { inject } from "vitest";
import { HERE, must, scratchDirectory } from "./run.js";

export interface Manager {
  name: string;
  /** How it leaves optional dependencies out, if it can. */
  omitOptional?: string[];
  /** What Node has to be told to find its packages. */
  nodeOptions?: string[];
  /** Runs the manager itself. */
  program: string[];
  /** Runs a command of an installed package, which follows. */
  exec: string[];
  /** What it reads besides `package.json`. */
  files: (registry: string, cache: string) => Record<string, string>;
}

const bin = (...names: string[]) => path.join(HERE, "node_modules", ...names);
const node = process.execPath;
const BERRY = [node, bin("@yarnpkg", "cli-dist", "bin", "yarn.js")];

const npmrc = (registry: string, cache: string) => ({
  ".npmrc": `registry=${registry}\ncache=${cache}\naudit=false\nfund=false\nupdate-notifier=false\n`,
});

const yarnrc = (linker: string) => (registry: string, cache: string) => ({
  ".yarnrc.yml": [
    `npmRegistryServer: ${JSON.stringify(registry)}`,
    "unsafeHttpWhitelist: [127.0.0.1]",
    `nodeLinker: ${linker}`,
    `cacheFolder: ${JSON.stringify(cache)}`,
    "enableGlobalCache: false",
    "enableTelemetry: false",
    "enableImmutableInstalls: false",
    // What has just been packed is not yet old enough for anybody's patience.
    "npmMinimalAgeGate: 0",
  ].join("\n"),
  "yarn.lock": "",
});

export const MANAGERS: Manager[] = [
  {
    name: "npm",
    program: [node, bin("npm", "bin", "npm-cli.js")],
    omitOptional: ["--omit=optional"],
    exec: ["exec", "--no", "--"],
    files: npmrc,
  },
  {
    name: "pnpm",
    program: [node, bin("pnpm", "bin", "pnpm.mjs")],
    omitOptional: ["--no-optional"],
    exec: ["exec"],
    files: (registry, cache) => ({
      ".npmrc": `registry=${registry}\n`,
      "pnpm-workspace.yaml": [
        `storeDir: ${JSON.stringify(path.join(cache, "store"))}`,
        `cacheDir: ${JSON.stringify(path.join(cache, "cache"))}`,
        "minimumReleaseAge: 0",
      ].join("\n"),
    }),
  },
  {
    name: "yarn 1",
    program: [node, bin("yarn", "bin", "yarn.js")],
    omitOptional: ["--ignore-optional"],
    exec: ["--silent", "run"],
    files: (registry, cache) => ({
      ".yarnrc": `registry ${JSON.stringify(registry)}\ncache-folder ${JSON.stringify(cache)}\n`,
    }),
  },
  {
    name: "yarn, node_modules",
    program: BERRY,
    exec: ["run"],
    files: yarnrc("node-modules"),
  },
  {
    name: "yarn, Plug'n'Play",
    program: BERRY,
    nodeOptions: ["--require", "./.pnp.cjs", "--experimental-loader", "./.pnp.loader.mjs"],
    exec: ["run"],
    files: yarnrc("pnp"),
  },
  {
    name: "bun",
    program: [bin("bun", "bin", "bun.exe")],
    omitOptional: ["--omit=optional"],
    exec: ["run"],
    files: (registry, cache) => ({
      "bunfig.toml": `[install]\nregistry = ${JSON.stringify(registry)}\n[install.cache]\ndir = ${JSON.stringify(cache)}\n`,
    }),
  },
];

/** A project that depends on the package, installed. */
export function installed(manager: Manager, more: string[] = []): string {
  const home = scratchDirectory("install");
  const directory = path.join(home, "project");
  mkdirSync(directory);
  cpSync(path.join(HERE, "consumer"), directory, { recursive: true });
  const manifest = {
    name: "a-project",
    private: true,
    dependencies: { "@vinext/seed-native": "*" },
    devDependencies: { "@types/node": "^24.0.0", typescript: "5.9.3" },
  };
  const files = {
    "package.json": JSON.stringify(manifest),
    ...manager.files(inject("registry"), path.join(home, "cache")),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
  must(directory, [...manager.program, "install", ...more], { HOME: home, USERPROFILE: home });
  return directory;
}

/** The Node versions that are tried: by name, its program. */
export const NODES: [string, string][] = isMusl()
  ? [[process.version, process.execPath]]
  : ["node-20", "node-22", "node-24"].map((name) => [name, nodeOf(name)]);

function nodeOf(name: string): string {
  const program = bin(name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(program))
    throw new Error(`${program} is missing; start this with "npm run test:install"`);
  return program;
}

/** The programs in the npm package `node` are for glibc. */
function isMusl(): boolean {
  if (process.platform !== "linux") return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}
