// Real builds, a real Workers KV namespace, the real Worker in real workerd: what was seeded is a HIT, and
// differs from what the Worker writes and shows without seeding only where docs/differences.md says so.
// `npm run test:compat` runs the whole matrix; here are its corners.

import { describe, expect, it } from "vitest";
import { setupNamed } from "../../compat/matrix.js";
import { verify } from "../../compat/verify.js";

/** A build and four Workers, on a machine that may be busy. */
const TIMEOUT_MS = 300_000;

describe("the first request after seeding is a HIT with the bytes of the build", () => {
  it.each(["0.0.38", "0.2.1", "1.0.0-beta.10", "1.4.0"])(
    "vinext %s",
    async (name) => {
      const verdict = await verify(setupNamed(name));
      expect(verdict.problems).toEqual([]);
      expect(verdict.html.seen).toBeGreaterThan(10);
      expect(verdict.rsc.seen).toBeGreaterThan(10);
    },
    TIMEOUT_MS,
  );
});

describe("a seeded Worker shows the same as an unseeded one", () => {
  it.each([
    "1.4.0 with middleware that sets headers",
    "1.4.0 with headers and rewrites",
    "1.4.0 with cacheComponents",
    "1.4.0 with a Worker that passes no env",
    "1.4.0 without a cache adapter",
  ])(
    "vinext %s",
    async (name) => {
      const verdict = await verify(setupNamed(name));
      expect(verdict.problems).toEqual([]);
      expect(verdict.requests).toBeGreaterThan(5);
    },
    TIMEOUT_MS,
  );
});
