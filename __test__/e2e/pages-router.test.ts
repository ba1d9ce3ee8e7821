// Pages of the Pages Router in real workerd: what is served first, and how a page develops whose lifetime
// the build did not know.

import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { cacheState } from "../../compat/compare/answers.js";
import { get } from "../../compat/compare/observe.js";
import { setupNamed } from "../../compat/matrix.js";
import { buildProject } from "../../compat/project.js";
import { verify } from "../../compat/verify.js";
import { seedFromProject } from "../../index.js";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";
import { temporaryDirectory } from "../support/build.js";

const PAGES_ONLY = "1.4.0 with only a Pages Router";

it.each([[PAGES_ONLY], ["1.4.0 with Pages Router and i18n"]])(
  "%s: no undocumented difference from what the Worker writes and shows",
  async (name) => {
    const { problems, html } = await verify(setupNamed(name));
    expect(problems).toEqual([]);
    expect(html.seen).toBeGreaterThan(5);
  },
);

describe("a page with `revalidate: false` in the manifest", () => {
  let root: string;
  beforeAll(async () => {
    root = await buildProject(setupNamed(PAGES_ONLY));
  });

  it("is served immediately, and the Worker stores its lifetime", async () => {
    const persistTo = temporaryDirectory();
    const { routesSkipped } = await seedFromProject({ root, local: true, persistTo });
    expect(routesSkipped.map(({ route, code }) => [route, code])).toEqual([
      ["/asked", "not-rendered"],
      ["/initial", "initial-props"],
      ["/plain", "no-static-props"],
    ]);
    const worker = await startWranglerDev({ root, persistTo });
    onTestFinished(() => worker.stop());
    const lifetimeOf = async (url: string) => {
      const first = await get(worker.url, url);
      expect([first.status, cacheState(first)], url).toEqual([200, "STALE"]);
      for (let waited = 0; waited < 20_000; waited += 200) {
        const answer = await get(worker.url, url);
        const control = answer.headers.find(([name]) => name === "cache-control")?.[1];
        if (cacheState(answer) === "HIT") return control;
        await sleep(200);
      }
      return "never fresh";
    };
    // It re-exports a `getStaticProps` that revalidates after 30 seconds.
    expect(await lifetimeOf("/shared")).toContain("s-maxage=30,");
    expect(await lifetimeOf("/fixed")).not.toContain("s-maxage=30,");
  });
});
