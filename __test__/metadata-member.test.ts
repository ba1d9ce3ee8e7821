// Our member of the metadata changes nothing for any published KV adapter: the adapters run as they are.

import { describe, expect, it } from "vitest";
import { Oracle, REPRESENTATIVES } from "../compat/oracles/client.js";
import { buildOf, payload, rendered } from "./support/build.js";
import type { Pair } from "./support/recorder.js";
import { seeded } from "./support/seed.js";

const PAGES = ["/a", "/blog/b", "/blog/c"];

/** What is seeded for a site of three pages, each with a tag of its own. */
async function seededPairs(): Promise<Pair[]> {
  const routes = PAGES.map((page, index) =>
    rendered(page, { revalidate: 600, tags: [`t${index}`] }),
  );
  const files = PAGES.flatMap((page) => [
    [`${page.slice(1)}.html`, page],
    [`${page.slice(1)}.rsc`, payload(page)],
  ]);
  return (await seeded(buildOf(routes, Object.fromEntries(files)))).pairs;
}

describe("the `seed` member of the metadata", () => {
  it.each(REPRESENTATIVES)(
    "changes nothing for vinext $vinext with adapter $cloudflare",
    async (versions) => {
      const pairs = await seededPairs();
      expect(pairs).toHaveLength(6);
      expect(pairs.map(({ metadata }) => Object.keys(metadata ?? {}))).toEqual(
        pairs.map(() => ["tags", "seed"]),
      );
      const without = pairs.map((pair) => ({
        ...pair,
        metadata: { tags: pair.metadata?.tags },
      }));
      const logicalKeys = pairs.map(({ key }) => key.replace(/^cache:/u, ""));
      const oracle = new Oracle(versions);
      const observe = (given: object[]) =>
        oracle.ask({ op: "observe", pairs: given, logicalKeys, tag: "t0", pathPrefix: "/blog" });
      const [mine, theirs] = [await observe(pairs), await observe(without)];
      oracle.close();
      expect(mine).toEqual(theirs);
      // Every entry is read, then two are purged by their tag, then the others by their path.
      const hits = mine.steps.map((step: unknown) => step !== null);
      const read = (round: number) => hits.slice(round * 7, round * 7 + 6).filter(Boolean).length;
      const left = mine.revalidatesPaths ? 0 : 4;
      expect([read(0), read(1), read(2)]).toEqual([6, 4, left]);
    },
  );
});
