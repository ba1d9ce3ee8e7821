// Tests packed packages on this platform: the tests of the API with the packed binary, and whether
// projects can install and use it.
//
// In: `npm run test:packages`, `dist/packages/`. Out: what vitest says.
// Never: a binary that is built here. The one of the checkout, if any, is replaced.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { MANIFEST, ROOT, WORK, hostTarget } from "./targets.js";

const { platform, file } = hostTarget();
const name = `${MANIFEST.name}-${platform}`.slice(1).replace("/", "-");
const tarball = path.join(WORK, "packages", `${name}-${MANIFEST.version}.tgz`);

const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-packed-"));
try {
  // Named within its directory: GNU tar takes what is before a colon for a host.
  copyFileSync(tarball, path.join(scratch, "package.tgz"));
  run("tar", ["-xzf", "package.tgz"], scratch);
  copyFileSync(path.join(scratch, "package", file), path.join(ROOT, file));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const vitest = path.join(ROOT, "node_modules", "vitest", "vitest.mjs");
run(process.execPath, [vitest, "run", "--project", "api"], ROOT);
run(process.execPath, [vitest, "run", "--config", "__test__/install/vitest.config.ts"], ROOT);

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const env = { ...process.env, SEED_NATIVE_PACKAGES: path.join(WORK, "packages") };
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
