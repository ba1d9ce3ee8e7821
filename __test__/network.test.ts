// What stands between us and Cloudflare, row by row: see faults/network.ts.

import { afterAll, describe, expect, it } from "vitest";
import { NETWORK } from "./faults/page.js";
import { TOKEN } from "./support/seed.js";

const said: string[] = [];

describe.each(NETWORK)("%s", (_, rows) => {
  it.each(rows.map((row) => [row.fault, row] as const))("%s", async (_, row) => {
    const { output } = await row.run();
    said.push(output);
  });
});

afterAll(() => {
  expect(said.length).toBeGreaterThan(0);
  for (const text of said) expect(text).not.toContain(TOKEN);
});
