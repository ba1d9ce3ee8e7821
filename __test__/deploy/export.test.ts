// What `vinext-seed export` writes, loaded by the project's real wrangler.

import path from "node:path";
import { expect, it } from "vitest";
import { setupNamed } from "../../compat/matrix.js";
import { buildProject } from "../../compat/project.js";
import { temporaryDirectory } from "../support/build.js";
import { deploy, expectAllHit, served } from "../support/deployable.js";
import { NAMESPACE } from "../support/project.js";

it("is accepted by wrangler kv bulk put and read by the Worker", async () => {
  const root = await buildProject(setupNamed("1.4.0"));
  const directory = path.join(temporaryDirectory(), "kv");
  const exported = await deploy(root, ["vinext-seed", "export", directory, "--json"]);
  expect(exported.code, exported.output).toBe(0);
  const { load, kvPairs } = JSON.parse(exported.stdout);
  expect(load).toHaveLength(1);
  const [, command, ...args] = load[0].split(" ");
  const { code, output, cloudflare } = await deploy(root, [command, ...args]);
  expect(code, output).toBe(0);
  expect(cloudflare.pairs()).toHaveLength(kvPairs);
  expect(cloudflare.writes()[0]?.path).toContain(NAMESPACE);
  expectAllHit(await served(root, cloudflare.pairs(), NAMESPACE));
});
