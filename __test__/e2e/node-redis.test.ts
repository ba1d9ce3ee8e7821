// The example on Node that keeps its pages in Redis, as `npm run demo -- redis` serves it.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { hasRedis } from "../support/redis.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Building the example and starting it three times takes seconds, on a busy machine much longer. */
const TIMEOUT_MS = 300_000;

it.skipIf(!hasRedis)(
  "first requests are a HIT after seeding, revalidateTag purges a seeded page, and entries survive a restart",
  () => {
    const args = [path.join(ROOT, "scripts", "demo.js"), "redis"];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      cwd: ROOT,
      encoding: "utf-8",
      timeout: TIMEOUT_MS,
    });
    expect({ status, stderr, stdout }).toMatchObject({ status: 0 });
    // Before seeding, after it, and after a restart.
    const states = Object.fromEntries(
      [...stdout.matchAll(/^ {2}(\/\S*) +([A-Z]+) +([A-Z]+) +([A-Z]+)\s*$/gmu)].map(
        ([, page = "", ...seen]) => [page, seen],
      ),
    );
    const seeded = ["MISS", "HIT", "HIT"];
    expect(states).toMatchObject({
      "/": seeded,
      "/posts/post-1": seeded,
      "/posts/post-2": seeded,
      "/posts/post-3": seeded,
    });
    expect(states["/news"]?.slice(0, 2)).toEqual(["MISS", "HIT"]);
    expect(stdout).toMatch(/\/news after revalidateTag\("news"\): (MISS|STALE)/u);
  },
  TIMEOUT_MS,
);
