import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = path.dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  test: {
    name: "install",
    root: here,
    include: ["*.test.ts"],
    globalSetup: path.join(here, "registry.ts"),
    pool: "forks",
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
