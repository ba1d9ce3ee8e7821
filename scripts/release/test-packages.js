// Tests the packed packages on this platform: the API tests with the packed binary, and the installation tests.
//
// The binary of the checkout, if any, is replaced by the packed one.

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { mustRun } from "./must-run.js";
import { unpack } from "./tarballs.js";
import { MANIFEST, ROOT, WORK, hostTarget } from "./targets.js";

const { platform, file } = hostTarget();
const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-packed-"));
try {
  unpack(`${MANIFEST.name}-${platform}`, scratch);
  copyFileSync(path.join(scratch, file), path.join(ROOT, file));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const vitest = path.join(ROOT, "node_modules", "vitest", "vitest.mjs");
const env = { ...process.env, SEED_NATIVE_PACKAGES: path.join(WORK, "packages") };
mustRun(process.execPath, [vitest, "run", "--project", "api"], { env });
mustRun(process.execPath, [vitest, "run", "--config", "__test__/install/vitest.config.ts"], {
  env,
});
