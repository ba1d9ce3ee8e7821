// What the command prints, without the command.

import { describe, expect, it } from "vitest";
import { loadCommand } from "../lib/cli/export.js";
import { size, time, usd } from "../lib/cli/format.js";
import { priceOf } from "../lib/cli/kv-prices.js";
import { createPrinter } from "../lib/cli/printer.js";
import { progressView } from "../lib/cli/progress-bar.js";
import { stepSummary } from "../lib/cli/step-summary.js";
import { NOTHING_DONE } from "../lib/seed-from-project.js";

describe("progress without a terminal", () => {
  const options = { color: true };
  const silent = { write: () => true, isTTY: false };

  it("is a line in ten seconds", () => {
    const written: string[] = [];
    const stderr = { write: (text: string) => Boolean(written.push(text)), isTTY: false };
    const printer = createPrinter(options, { stdout: silent, stderr, env: {} });
    let now = 0;
    const view = progressView(printer, process.stderr, () => now);
    const event = { phase: "send" as const, routes: 50, total: 100, pairs: 98, bytes: 1_234_567 };
    for (; now <= 35_000; now += 100) view.show(event);
    view.end();
    expect(written).toEqual(
      Array(3).fill("Seeding: 50 of 100 pages, 98 entries stored (1.2 MB)\n"),
    );
  });

  it("is silent with --quiet and --json", () => {
    const written: string[] = [];
    const stderr = { write: (text: string) => Boolean(written.push(text)), isTTY: true };
    for (const more of [{ quiet: true }, { json: true }]) {
      const printer = createPrinter({ ...options, ...more }, { stdout: silent, stderr, env: {} });
      expect(printer.hasBar).toBe(false);
      printer.note("x");
      printer.result("x");
    }
    expect(written).toEqual([]);
  });

  it("has no bar in CI, and no colour where none is wanted", () => {
    const terminal = { write: () => true, isTTY: true };
    const printer = (more: object, env: Record<string, string>) =>
      createPrinter({ ...options, ...more }, { stdout: terminal, stderr: terminal, env });
    expect(printer({}, {}).hasBar).toBe(true);
    expect(printer({}, { CI: "true" }).hasBar).toBe(false);
    expect(printer({}, {}).styled("bold", "x")).not.toBe("x");
    expect(printer({ color: false }, {}).styled("bold", "x")).toBe("x");
    expect(printer({}, { NO_COLOR: "1" }).styled("bold", "x")).toBe("x");
  });
});

it("formats numbers the same everywhere", () => {
  expect([0, 999, 1000, 12_345, 999_600, 1e9].map(size)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "12 kB",
    "1.0 MB",
    "1.0 GB",
  ]);
  expect([5, 1500, 61_000].map(time)).toEqual(["5 ms", "1.5 s", "1 min 1 s"]);
  expect([0, 0.001, 1.5].map(usd)).toEqual(["$0.00", "less than $0.01", "$1.50"]);
});

it("multiplies prices", () => {
  expect(priceOf(2_500_000, 3e9)).toMatchObject({
    freePlan: { dailyWrites: 1000, shareOfDay: 2500 },
    paidPlan: { shareOfMonth: 2.5, usdForWritesBeyond: 12.5, usdForStorageMonthBeyond: 1.5 },
  });
});

it("escapes what others wrote in a step summary", () => {
  const summary = stepSummary({
    ...NOTHING_DONE,
    failure: { code: "X", message: "a|b\n<script>`" },
  });
  expect(summary).toContain("| reason | a\\|b \\<script\\>\\` |");
});

it("quotes paths as Windows takes them", () => {
  const command = loadCommand("C:\\my kv\\kv-bulk-0001.json", "--binding KV", {});
  expect(command).toBe(
    'npx wrangler kv bulk put "C:\\my kv\\kv-bulk-0001.json" --binding KV --remote',
  );
});
