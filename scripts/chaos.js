// `npm run test:chaos -- --runs 5000 --seed 7`: runs the chaos test as often as you like.
//
// Options: `--runs N` (default 2,000), `--seed TEXT` (default: random), `--only N` to repeat one run of a seed.
// Stops at the first report that is not true.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string" },
  },
});
for (const number of [values.runs, values.only ?? "0"]) {
  if (!/^\d+$/u.test(number)) throw new RangeError("--runs and --only take whole numbers");
}
console.log(`seed ${values.seed}`);
const vitest = path.join(ROOT, "node_modules", "vitest", "vitest.mjs");
const args = [vitest, "run", "--project", "api", "__test__/chaos.test.ts", "--bail", "1"];
const { status, error } = spawnSync(process.execPath, args, {
  cwd: ROOT,
  stdio: "inherit",
  env: {
    ...process.env,
    SEED_CHAOS_RUNS: values.runs,
    SEED_CHAOS_SEED: values.seed,
    ...(values.only === undefined ? {} : { SEED_CHAOS_ONLY: values.only }),
  },
});
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
