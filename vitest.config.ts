import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "api",
          include: ["__test__/*.test.ts"],
          // Each file in a separate process: the addon's threads are the process's.
          pool: "forks",
          // Most of them wait for processes and servers rather than compute.
          maxWorkers: "100%",
          sequence: { groupOrder: 0 },
          // Some start wrangler several times, which takes seconds on a machine that is busy.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["__test__/e2e/*.test.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // They build apps and start workerd: several at a time would starve each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // Real builds and real deploys take minutes, so `npm test` does not run them.
          name: "deploy",
          include: ["__test__/deploy/*.test.ts"],
          pool: "forks",
          testTimeout: 300_000,
          // Removing what a package manager has installed takes a while.
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
