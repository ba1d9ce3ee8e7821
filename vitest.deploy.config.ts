// `npm run test:deploy`: real builds, real deploys. Minutes, so `npm test` leaves them out.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "deploy",
    include: ["__test__/deploy/*.test.ts"],
    pool: "forks",
    testTimeout: 300_000,
    // Removing what a package manager has installed takes a while.
    hookTimeout: 120_000,
    // They build apps and start workerd: several at a time would starve each other.
    fileParallelism: false,
  },
});
