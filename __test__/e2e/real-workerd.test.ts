// Real builds, a real Workers KV namespace, the real Worker in real workerd. `npm run test:compat`
// runs the whole matrix; here are its corners.

import { describe, expect, it } from "vitest";
import { setupNamed } from "../../compat/matrix.js";
import { verify } from "../../compat/verify.js";

describe("the first request after seeding is a HIT with the bytes of the build", () => {
  it.each(["0.0.38", "0.2.1", "1.0.0-beta.10", "1.4.0"])("vinext %s", async (name) => {
    const verdict = await verify(setupNamed(name));
    expect(verdict.problems).toEqual([]);
    expect(verdict.html.seen).toBeGreaterThan(10);
    expect(verdict.rsc.seen).toBeGreaterThan(10);
  });
});
