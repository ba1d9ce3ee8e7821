// `vinext init` of the newest vinext: the example is what it makes, and what it says is still so.

import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { initProject, scriptOf, withPublishedPackages } from "./support/init-project.js";

const EXAMPLE = fileURLToPath(new URL("../example", import.meta.url));

it("the example equals vinext init's output, except for unpublished features", () => {
  const { root, output } = initProject("cloudflare.config.ts");
  expect(output).toContain(
    "Pre-rendered routes are built, but Cloudflare deploys do not serve them",
  );
  const read = (home: string, name: string) => readFileSync(path.join(home, name), "utf-8");
  const config = read(root, "cloudflare.config.ts");
  const made = withPublishedPackages(read(root, "vite.config.ts"), config);
  expect(read(EXAMPLE, "vite.config.ts")).toBe(made["vite.config.ts"]);
  expect(read(EXAMPLE, ".gitignore")).toBe(read(root, ".gitignore"));
  // A comment says why the example's has the data themselves.
  expect(plain(read(EXAMPLE, "cloudflare.config.ts"))).toEqual(plain(made["cloudflare.config.ts"]));
  const { scripts, dependencies, devDependencies } = JSON.parse(read(root, "package.json"));
  const example = JSON.parse(read(EXAMPLE, "package.json"));
  expect(example.scripts).toEqual(scripts);
  expect(Object.keys(example.dependencies).sort()).toEqual(Object.keys(dependencies).sort());
  const tools = Object.keys(example.devDependencies).filter((name) => name !== "typescript");
  expect(tools.sort()).toEqual(Object.keys(devDependencies).sort());
  expect(example.devDependencies.vite).toBe(devDependencies.vite);
});

it("vinext init can omit the namespace id", () => {
  const { root } = initProject("wrangler.jsonc");
  const config = JSON.parse(readFileSync(path.join(root, "wrangler.jsonc"), "utf-8"));
  expect(config.kv_namespaces).toEqual([{ binding: "VINEXT_KV_CACHE" }]);
  expect(scriptOf(root, "deploy:vinext")).toEqual(
    "vinext-cloudflare deploy --config dist/server/wrangler.json".split(" "),
  );
});

/** What a configuration evaluates to. Its types are all that is not JavaScript. */
function plain(source: string) {
  const code = source.replace("<T>(config: T)", "(config)").replace("export default", "return");
  return new Function(code)();
}
