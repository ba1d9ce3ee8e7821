// Pages of the option `pages` are HITs of the real Worker in real workerd: those of the build, and one that
// no build has rendered so.

import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { setupNamed } from "../../compat/matrix.js";
import { buildProject } from "../../compat/project.js";
import { seedKvCache, type SeedPage } from "../../index.js";
import { startLocalApi } from "../../lib/local-api/server.js";
import { prerenderedArtifacts } from "../../scripts/build-output.js";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";
import { temporaryDirectory } from "../support/build.js";

const OWN_HTML = "<!doctype html><p>rendered elsewhere</p>";

/** The documents of the App Router that a build has, as a caller would hand them in. */
function pagesOf(root: string): SeedPage[] {
  const server = path.join(root, "dist", "server");
  const { routes } = JSON.parse(readFileSync(path.join(server, "vinext-prerender.json"), "utf-8"));
  const artifacts = prerenderedArtifacts(root);
  return routes
    .filter(({ router, status }: any) => router === "app" && status === "rendered")
    .flatMap(({ route, path: concrete = route, responseStatus, ...more }: any) => {
      const contentOf = (kind: string) =>
        artifacts.find((one) => one.pathname === concrete && one.kind === kind)?.content;
      const isRedirect = responseStatus >= 300 && responseStatus < 400;
      if (contentOf("html") === undefined || isRedirect || concrete === "/404") return [];
      return {
        ...{ pathname: concrete, route, html: contentOf("html"), rsc: contentOf("rsc") },
        ...{ revalidate: more.revalidate, expire: more.expire, stale: more.stale },
        ...{ tags: more.tags, status: responseStatus },
      };
    });
}

it("pages of the option `pages` are HITs in workerd", async () => {
  const root = await buildProject(setupNamed("1.4.0"));
  const persistTo = temporaryDirectory();
  const namespaceId = "11111111111111111111111111111111";
  const apiToken = "local";
  const api = await startLocalApi({ persistTo, namespaceIds: [namespaceId], apiToken, root });
  const pages = pagesOf(root);
  const own = pages.find(({ pathname }) => pathname === "/isr");
  expect(own).toBeDefined();
  Object.assign(own ?? {}, { html: OWN_HTML });
  const buildId = readFileSync(path.join(root, "dist", "server", "BUILD_ID"), "utf-8").trim();
  const target = {
    accountId: "local",
    namespaceId,
    apiToken,
    apiBaseUrl: api.baseUrl,
    appPrefix: "zoo",
  };
  const result = await seedKvCache({ root, ...target, buildId, pages });
  await api.close();
  expect(result.skipped).toBeUndefined();
  const leftOut = new Set(
    result.routesSkipped.map(({ route, path: concrete }) => concrete ?? route),
  );
  const seeded = pages.filter(({ pathname }) => !leftOut.has(pathname));
  expect(seeded.length).toBeGreaterThanOrEqual(10);

  const worker = await startWranglerDev({ root, persistTo });
  onTestFinished(() => worker.stop());
  for (const { pathname, html, status = 200 } of seeded) {
    const response = await fetch(worker.url + pathname, { redirect: "manual" });
    const answer = {
      ...{ pathname, status: response.status, cache: response.headers.get("x-vinext-cache") },
      html: await response.text(),
    };
    expect(answer).toEqual({ pathname, status, cache: "HIT", html: String(html) });
  }
}, 300_000);
