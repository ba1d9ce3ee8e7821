// A project with only a Pages Router that `vinext init` has configured as one with an App Router.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { misplacedPagesWorker } from "../lib/pages-router-build.js";
import { prerenderHint } from "../lib/prerender-hint.js";
import { temporaryDirectory } from "./support/build.js";

function project(...files: string[]) {
  const root = temporaryDirectory();
  for (const file of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), "");
  }
  return root;
}

describe("a Worker that vinext does not find", () => {
  it("is reported with the setting that fixes it", async () => {
    const root = project("pages/index.tsx", "dist/my_shop/wrangler.json", "dist/client/a.js");
    expect(misplacedPagesWorker(root)).toBe("dist/my_shop");
    const hint = await prerenderHint(root);
    expect(hint).toContain("dist/my_shop");
    expect(hint).toContain('cloudflare({ viteEnvironment: { name: "ssr" } })');
  });

  it.each([
    ["with an App Router too", "app/page.tsx", "dist/my_shop/wrangler.json"],
    ["whose Worker is where vinext looks", "dist/ssr/wrangler.json"],
    ["that is not built"],
  ])("is not reported for a project %s", (_, ...files) => {
    expect(misplacedPagesWorker(project("src/pages/index.tsx", ...files))).toBeUndefined();
  });
});
