// A pnpm workspace: the app's packages are links into a store, and most cannot be reached from the
// workspace's root.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import {
  deploy,
  deployable,
  expectAllHit,
  expectSeededBeforeUpload,
  npmInstall,
  served,
} from "../support/deployable.js";
import { BIN, run } from "../support/cli.js";
import { temporaryDirectory } from "../support/build.js";
import { NAMESPACE } from "../support/project.js";

const PNPM = "pnpm@10.18.0";

/** A workspace with an unbuilt app of vinext 1.4.0 in `apps/shop`. */
function workspace() {
  const root = temporaryDirectory();
  const app = path.join(root, "apps", "shop");
  const source = deployable("1.4.0");
  mkdirSync(path.dirname(app), { recursive: true });
  cpSync(source, app, {
    recursive: true,
    filter: (file) => path.basename(file) !== "node_modules",
  });
  writeFileSync(
    path.join(root, "package.json"),
    JSON.stringify({ name: "workspace", private: true }),
  );
  writeFileSync(path.join(root, "pnpm-workspace.yaml"), 'packages: ["apps/*"]\n');
  const pnpm = path.join(npmInstall(PNPM), "pnpm", "bin", "pnpm.cjs");
  execFileSync(process.execPath, [pnpm, "install", "--store-dir", path.join(root, ".store")], {
    cwd: root,
    stdio: "ignore",
  });
  return { root, app };
}

it("deploys an app of a pnpm workspace, from its directory and from the root", async () => {
  const { root, app } = workspace();
  expect(existsSync(path.join(root, "node_modules", "wrangler"))).toBe(false);

  const { code, output, cloudflare } = await deploy(app, ["vinext-seed", "deploy"]);
  expect(code, output).toBe(0);
  expectSeededBeforeUpload(cloudflare, NAMESPACE);
  expectAllHit(await served(app, cloudflare.pairs(), NAMESPACE));

  const plan = await run(BIN, ["plan", "--json", "apps/shop"], { cwd: root });
  expect(plan.code, plan.stderr).toBe(0);
  expect(JSON.parse(plan.stdout)).toMatchObject({
    kvPairs: cloudflare.pairs().length,
    targetMissing: { namespaceId: NAMESPACE },
  });
  const { version } = JSON.parse(
    readFileSync(path.join(app, "node_modules/vinext/package.json"), "utf-8"),
  );
  expect(version).toBe("1.4.0");
});
