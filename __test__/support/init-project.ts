// A project created by the real `vinext init`, with the packages of the example.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "./build.js";
import { change } from "./deployable.js";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const EXAMPLE = path.join(REPOSITORY, "example");

/** The Worker's name, which `vinext init` takes from `package.json`. */
export const WORKER = "seed-native-example";

/** What a Next.js project has before `vinext init`. */
const SOURCES = ["app", "lib", "next.config.ts", "tsconfig.json"];

/** Where the Worker's configuration is: the one of `cf`, or wrangler's. */
export type Layout = "cloudflare.config.ts" | "wrangler.jsonc";

const FLAGS = ["--platform=cloudflare", "--data-cache=kv", "--prerender"];

/**
 * Replaces what the registry does not have yet: @cloudflare/vite-plugin@beta, which reads
 * `cloudflare.config.ts` by default, and `cf/config`, which wraps plain data.
 */
export function withPublishedPackages(viteConfig: string, cloudflareConfig: string) {
  return {
    "vite.config.ts": viteConfig.replace(
      "cloudflare({\n",
      "cloudflare({\n      experimental: { newConfig: true },\n",
    ),
    "cloudflare.config.ts": asOfWorkerd(cloudflareConfig).replace(
      /^import .* from "cf\/config";\n/u,
      PLAIN_DATA,
    ),
  };
}

/** The date of today, which `vinext init` writes, may be later than what the installed workerd knows. */
function asOfWorkerd(config: string) {
  return config.replace(/(compatibility_?[dD]ate"?: )".*"/u, '$1"2026-05-01"');
}

const PLAIN_DATA = `const defineConfig = <T>(config: T) => config;
const defineWorker = defineConfig;
const bindings = {
  assets: () => ({ type: "assets" }),
  images: () => ({ type: "images" }),
  kv: () => ({ type: "kv" }),
};
`;

/** An unbuilt project as `vinext init` creates it, removed after the test. */
export function initProject(layout: Layout) {
  const root = realpathSync(temporaryDirectory());
  for (const name of SOURCES)
    cpSync(path.join(EXAMPLE, name), path.join(root, name), { recursive: true });
  const react = JSON.parse(readFileSync(path.join(EXAMPLE, "package.json"), "utf-8")).dependencies
    .react;
  const manifest = { name: WORKER, private: true, dependencies: { react, "react-dom": react } };
  writeFileSync(path.join(root, "package.json"), JSON.stringify(manifest));
  linkPackages(root);
  const cli = path.join(root, "node_modules", "vinext", "dist", "cli.js");
  const legacy = layout === "wrangler.jsonc" ? ["--legacy-wrangler-cloudflare-init"] : [];
  const args = [cli, "init", ...FLAGS, ...legacy, "--no-install", "--skip-check"];
  const output = execFileSync(process.execPath, args, { cwd: root, encoding: "utf-8" });
  return { root, output };
}

/** The same with installable packages, ready to build. */
export function buildableInitProject(layout: Layout, change = (viteConfig: string) => viteConfig) {
  const { root } = initProject(layout);
  const read = (name: string) => readFileSync(path.join(root, name), "utf-8");
  const files: Record<string, string> =
    layout === "wrangler.jsonc"
      ? { "vite.config.ts": read("vite.config.ts"), [layout]: asOfWorkerd(read(layout)) }
      : withPublishedPackages(read("vite.config.ts"), read("cloudflare.config.ts"));
  files["vite.config.ts"] = change(files["vite.config.ts"] ?? "");
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, name), text);
  return root;
}

/** Puts the one word into a Vite configuration that README.md promises to be enough. */
export function oneWordMore(viteConfig: string, options = "") {
  const wrapped = viteConfig.replace("kvDataAdapter()", `withSeed(kvDataAdapter()${options})`);
  return `import { withSeed } from "@vinext/seed-native/vite";\n${wrapped}`;
}

/**
 * Gives a project a deploy command that calls the hooks of cache adapters after pre-rendering, as that of
 * @vinext/cloudflare does since it left uploading to them. The newest in the registry is older; its code is
 * changed in that one place.
 */
export function withNewerDeploy(root: string) {
  const adapter = path.join(root, "node_modules", "@vinext", "cloudflare");
  const original = realpathSync(adapter);
  unlinkSync(adapter);
  cpSync(original, adapter, { recursive: true });
  const upload = /try \{\s*await populateKV\w+\([^]*?\} catch \(error\) \{[^]*?\n\t\}/u;
  change(path.join(adapter, "dist", "deploy.js"), upload, () => CALL_OF_HOOKS);
}

const CALL_OF_HOOKS = `{
  const prerender = await import("vinext/internal/config/prerender");
  await prerender.finalizeCacheAdapterPrerenderOutput(viteConfigMetadata.cacheConfig, info.root);
}`;

/** The command line of one of the project's scripts. */
export function scriptOf(root: string, name: string): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf-8"));
  return scripts[name].split(" ");
}

/** The example's packages, and this one. */
function linkPackages(root: string) {
  const [from, to] = [path.join(EXAMPLE, "node_modules"), path.join(root, "node_modules")];
  mkdirSync(path.join(to, "@vinext"), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== "@vinext") symlinkSync(path.join(from, name), path.join(to, name));
  }
  for (const name of readdirSync(path.join(from, "@vinext"))) {
    symlinkSync(path.join(from, "@vinext", name), path.join(to, "@vinext", name));
  }
  symlinkSync(REPOSITORY, path.join(to, "@vinext", "seed-native"));
}
