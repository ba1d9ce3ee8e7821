// What the command prints, without the command.

import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { RouteSkipped } from "../index.js";
import { loadCommand } from "../lib/cli/export.js";
import { size, time, usd } from "../lib/cli/format.js";
import { priceOf } from "../lib/cli/kv-prices.js";
import { createPrinter, type Stream } from "../lib/cli/printer.js";
import { progressView } from "../lib/cli/progress-bar.js";
import { quoted } from "../lib/cli/shell-quoting.js";
import { stepSummary, writeStepSummary } from "../lib/cli/step-summary.js";
import { skippedRows } from "../lib/cli/summary.js";
import { NOTHING_SEEDED } from "../lib/native-calls.js";
import { temporaryDirectory } from "./support/build.js";
import { hasSignals as hasShell } from "./support/cli.js";

describe("progress without a terminal", () => {
  const options = { color: true };
  const silent = { write: () => true, isTTY: false };

  it("is a line every ten seconds", () => {
    const written: string[] = [];
    const stderr = { write: (text: string) => Boolean(written.push(text)), isTTY: false };
    const printer = createPrinter(options, { stdout: silent, stderr, env: {} });
    let now = 0;
    const view = progressView(printer, process.stderr, () => now);
    const event = { phase: "send" as const, routes: 50, total: 100, pairs: 98, bytes: 1_234_567 };
    for (; now <= 35_000; now += 100) view.show(event);
    view.end();
    expect(written).toEqual(
      Array(3).fill("Seeding: 50 of 100 routes, 98 entries stored (1.2 MB)\n"),
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

  it("has no bar in CI, and no colour with NO_COLOR", () => {
    const terminal = { write: () => true, isTTY: true };
    const printer = (more: object, env: Record<string, string>, stdout: Stream = terminal) =>
      createPrinter({ ...options, ...more }, { stdout, stderr: terminal, env });
    expect(printer({}, {}).hasBar).toBe(true);
    expect(printer({}, { CI: "true" }).hasBar).toBe(false);
    const heading = (more: object, env: Record<string, string>) => {
      const written: string[] = [];
      const write = (text: string) => Boolean(written.push(text));
      printer(more, env, { write, isTTY: true }).result("y", "x");
      return written.join("");
    };
    expect(heading({}, {})).toBe("\x1b[1mx\x1b[22m\ny\n");
    expect(heading({ color: false }, {})).toBe("x\ny\n");
    expect(heading({}, { NO_COLOR: "1" })).toBe("x\ny\n");
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

it("escapes untrusted text in a step summary", () => {
  const summary = stepSummary({
    ...NOTHING_SEEDED,
    failure: {
      code: "X",
      message: "a|b\n<script>` @octocat [x](//y) ![z](w) #1 https://z.example\u202e",
    },
  });
  expect(summary).toContain("| reason | <code>a&#124;b &#60;script&#62;&#96; &#64;octocat ");
  const [, value = ""] = /\| reason \| <code>(.*)<\/code> \|\n/u.exec(summary) ?? [];
  // Nothing but words, spaces and character references.
  expect(value.replaceAll(/&#\d+;/gu, "")).toMatch(/^[\w \ufffd]+$/u);
});

describe("the load command of an export", () => {
  const command = (file: string, platform: NodeJS.Platform, more = {}) =>
    loadCommand(file, ["--binding", "KV"], more, platform);

  it("is quoted for Windows", () => {
    expect(command("C:\\my kv\\kv-bulk-0001.json", "win32")).toBe(
      'npx wrangler kv bulk put "C:\\my kv\\kv-bulk-0001.json" --binding KV --remote',
    );
    for (const word of ["a%PATH%", "a$(calc)", "a`n", 'a"&calc', "a\nb", "-a", "a\u202e"]) {
      expect(quoted(word, "win32"), word).toBeUndefined();
    }
    expect(quoted("a&b^c'(d)", "win32")).toBe(`"a&b^c'(d)"`);
  });

  it.runIf(hasShell)("reaches wrangler unchanged through a shell", () => {
    const words = [
      "$(touch pwned)/x",
      "`id`",
      "it's",
      '"',
      "a b",
      "\\",
      "!!",
      "*",
      "~",
      "a;b",
      "#",
      "",
    ];
    for (const word of words) {
      const args = command(`kv${word}`, "linux", { env: `e${word}`, config: `c${word}` });
      const script = `npx() { printf '%s\\0' "$@"; }; ${args}`;
      const said = execFileSync("sh", ["-c", script], { encoding: "utf-8" }).split("\0");
      const more = ["--remote", "--env", `e${word}`, "--config", `c${word}`, ""];
      expect(said).toEqual([
        ...["wrangler", "kv", "bulk", "put", `kv${word}`, "--binding", "KV"],
        ...more,
      ]);
    }
  });

  it("is not printed for names with control characters", () => {
    for (const word of ["a\nb", "a\x1b[2J", "##[x]", "\u202e", "\u2028", "-rf"]) {
      expect(quoted(word, "linux"), JSON.stringify(word)).toBeUndefined();
    }
  });
});

describe("skipped routes", () => {
  const skipped = (code: string, reason: string, count = 1): RouteSkipped[] =>
    Array.from({ length: count }, (_, index) => ({ route: `/${code}/${index}`, code, reason }));
  const why = (detail: string) => `not rendered by the build (${detail})`;

  it("are grouped by reason, failed renders and errors first", () => {
    const routes = [
      ...skipped("not-rendered", why("no-static-params"), 93),
      ...skipped("not-rendered", why("dynamic"), 81),
      ...skipped("not-app-router", "not a route of the App Router", 4),
      ...skipped("missing-artifact", "a.html does not exist"),
      ...skipped("not-rendered", why("fetch failed"), 5),
      ...skipped("failed-render", "its render failed with the error 123"),
    ];
    expect(skippedRows(routes)).toEqual([
      ["skipped", "1: its render failed with the error 123 (/failed-render/0)"],
      ["", `5: ${why("fetch failed")} (/not-rendered/0, …)`],
      ["", "1: a.html does not exist (/missing-artifact/0)"],
      ["", `93: ${why("no-static-params")} (/not-rendered/0, …)`],
      ["", `81: ${why("dynamic")} (/not-rendered/0, …)`],
      ["", "4: not a route of the App Router (/not-app-router/0, …)"],
    ]);
  });

  it("with individual reasons are not all listed", () => {
    const many = (code: string, of: (index: number) => string) =>
      Array.from({ length: 300 }, (_, index) => skipped(code, of(index))).flat();
    const missing = many("missing-artifact", (index) => `p${index}.html does not exist`);
    expect(skippedRows(missing)).toEqual([
      ["skipped", "300: p0.html does not exist (/missing-artifact/0, …)"],
    ]);
    const errors = skippedRows(many("not-rendered", (index) => why(`error no. ${index}`)));
    expect(errors).toHaveLength(8);
    expect(errors[0]?.[1]).toMatch(/^293: not-rendered, 293 other reasons, such as: not /u);
  });

  it("with untrusted text cannot act on the terminal", () => {
    const evil = "\n::add-mask::x\x1b[2J\u202e##[error]";
    const [, row = ""] = skippedRows([{ route: evil, code: evil, reason: evil }])[0] ?? [];
    expect(row).toBe("1: \\::add-mask::x\ufffd##\\[error] (\\::add-mask::x\ufffd##\\[error])");
  });
});

describe("a printer", () => {
  const evil = "a\n  ::add-mask::production\x1b[2J ##[error]\u202e\u2028";

  it("prints no control characters or CI commands", () => {
    const written: string[] = [];
    const stream = { write: (text: string) => Boolean(written.push(text)), isTTY: false };
    const streams = { stdout: stream, stderr: stream, env: {} };
    const printer = createPrinter({ color: true }, streams);
    printer.result(evil, evil);
    for (const say of [printer.note, printer.warning, printer.error]) say(evil);
    createPrinter({ color: true, json: true }, streams).json({ [evil]: evil });
    expect(written).toHaveLength(6);
    for (const line of written.join("").split("\n")) {
      expect(line.trim()).not.toMatch(/^::|##\[|[\p{Cc}\u2028\u202e]/u);
    }
  });

  it("ignores a stream that throws", () => {
    const write = () => {
      throw new Error("ENOSPC");
    };
    const broken = { write, isTTY: false };
    const printer = createPrinter({ color: true }, { stdout: broken, stderr: broken, env: {} });
    for (const say of [printer.result, printer.note, printer.warning, printer.error]) say("x");
  });
});

describe.runIf(hasShell)("the step summary", () => {
  it("is not written to a pipe", () => {
    const file = path.join(temporaryDirectory(), "fifo");
    execFileSync("mkfifo", [file]);
    expect(writeStepSummary(file, NOTHING_SEEDED)).toMatch(
      /^GITHUB_STEP_SUMMARY cannot be written: /u,
    );
    const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    expect(writeStepSummary(file, NOTHING_SEEDED)).toContain("fifo is not a file");
    closeSync(reader);
  });

  it("is appended to a file", () => {
    const file = path.join(temporaryDirectory(), "summary.md");
    writeFileSync(file, "before\n");
    expect(writeStepSummary(file, NOTHING_SEEDED)).toBeUndefined();
    expect(readFileSync(file, "utf-8")).toMatch(/^before\n### vinext-seed\n/u);
  });
});
