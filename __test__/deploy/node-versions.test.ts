// The command on every Node that package.json allows. The other tests run on one of them only.

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../support/build.js";
import { BIN, run } from "../support/cli.js";
import { ACCOUNT, startCloudflare } from "../support/cloudflare.js";
import { npmInstall } from "../support/deployable.js";
import { NAMESPACE, wranglerConfig, writeProject } from "../support/project.js";

const FLAGS = ["--namespace-id", NAMESPACE, "--account-id", ACCOUNT];

it.each(["20.19.4", "22.12.0", "24.0.0"])("Node %s", async (version) => {
  const node = path.join(npmInstall(`node@${version}`), "node", "bin", "node");
  const executable = existsSync(node) ? node : `${node}.exe`;
  const on = (args: string[], cwd: string, env: Record<string, string> = {}) =>
    run(BIN, args, { cwd, env, node: executable });
  const cloudflare = await startCloudflare();
  // Wrangler itself needs Node 22, so flags have to do.
  const root = writeProject({ wrangler: false });

  const plan = await on(["plan", "--json", ...FLAGS], root, cloudflare.env);
  expect(plan.code, plan.stderr).toBe(0);
  const { kvPairs } = JSON.parse(plan.stdout);
  const seeded = await on(FLAGS, root, cloudflare.env);
  expect(seeded).toMatchObject({ code: 0, stderr: "" });
  expect(seeded.stdout).toContain("Seeded 2 pages");
  expect(cloudflare.pairs()).toHaveLength(kvPairs);
  const exported = await on(["export", "kv"], root);
  expect(exported.code, exported.stderr).toBe(0);
  expect(readdirSync(path.join(root, "kv"))).toEqual(["kv-bulk-0001.json"]);
  expect((await on(["--nope"], root)).code).toBe(2);

  // With wrangler installed it is asked, and may refuse this Node; then that is said.
  const asked = writeProject({ files: { "wrangler.json": wranglerConfig() } });
  const home = temporaryDirectory();
  const answer = await on([], asked, { ...cloudflare.env, HOME: home, XDG_CONFIG_HOME: home });
  expect(answer.code).toBe(0);
  expect(answer.stdout + answer.stderr).toMatch(
    /Seeded 2 pages|wrangler cannot read its configuration: /u,
  );
});
