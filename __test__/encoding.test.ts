// Every byte that is sent, held against JSON.stringify of what Node itself reads.

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildOf, key, rendered } from "./support/build.js";
import { startRecorder } from "./support/recorder.js";
import { seed } from "./support/seed.js";

/** What is hard to encode or to decode, each alone and all together. */
const PIECES: (string | number[])[] = [
  "",
  "plain",
  '"quotes" and \\backslashes\\ and \\"both\\"',
  String.fromCharCode(...Array.from({ length: 0x20 }, (_, code) => code)),
  "\u007f\u0080\u009f\u00a0\u2028\u2029\ufeff\ufffd\uffff",
  "😀 日本語 ü é e\u0301",
  String.raw`\ud800 \\ud83d\\ude00 \u0000`, // lone surrogates can only stand there as escapes
  "</script><!--\r\n\t",
  [0xef, 0xbb, 0xbf, 0x61], // a byte order mark
  [0xff, 0xfe, 0x61, 0x00], // UTF-16
  [0x80, 0xbf, 0xc0, 0x80, 0xc1, 0xbf], // continuations and overlong forms
  [0xe2, 0x82, 0x61, 0xe2, 0x28, 0xa1, 0xe2], // cut off after two bytes and after one
  [0xed, 0xa0, 0x80, 0xed, 0xbf, 0xbf], // surrogates as UTF-8 cannot have them
  [0xf0, 0x9f, 0x98, 0x61, 0xf0, 0x80, 0x80, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xf5, 0xff],
];

/** Stands in for each entry's digest, which known-entries.test.ts tests. */
const DIGEST = "-".repeat(22);

const bytesOf = (piece: string | number[]) => Buffer.from(piece as string);

/** The entry that a page has, and the pair that stores it, the slow way. */
function pair(pathname: string, kind: "html" | "rsc", value: object, renderedAt: number) {
  const tags = [pathname, `_N_T_${pathname}`, "_N_T_/layout"];
  tags.push(`_N_T_${pathname}/layout`, `_N_T_${pathname}/page`);
  const times = { lastModified: renderedAt, revalidateAt: null, expireAt: null };
  const entry = { value: { ...value, prerendered: true }, tags, ...times };
  const metadata = { tags, seed: `1.${DIGEST}.${renderedAt}.` };
  const stored = { key: key(pathname, kind), value: JSON.stringify(entry), metadata };
  return JSON.stringify(stored);
}

function sha256(content: string | Buffer) {
  return createHash("sha256").update(content).digest("hex");
}

/** Seeds pages of one file content each and compares every request. */
async function check(contents: Buffer[], options: object = {}) {
  const names = contents.map((_, index) => `p${index}`);
  const files = Object.fromEntries(
    names.flatMap((name, index) => {
      const content = contents[index] ?? Buffer.alloc(0);
      // An empty document is skipped.
      const isEmpty = content.toString("latin1").replace(/[\t\n\f\r ]/gu, "") === "";
      return [
        [`${name}.html`, isEmpty ? Buffer.from("x") : content],
        [`${name}.rsc`, content],
      ];
    }),
  );
  const root = buildOf(
    names.map((name) => rendered(`/${name}`)),
    files,
  );
  const server = path.join(root, "dist", "server");
  const renderedAt = Math.trunc(statSync(path.join(server, "vinext-prerender.json")).mtimeMs);
  const expected = names.flatMap((name) => {
    const stem = path.join(server, "prerendered-routes", name);
    const html = readFileSync(`${stem}.html`, "utf-8");
    const rscData = readFileSync(`${stem}.rsc`).toString("base64");
    return [
      pair(`/${name}`, "html", { kind: "APP_PAGE", html }, renderedAt),
      pair(`/${name}`, "rsc", { kind: "APP_PAGE", html: "", rscData }, renderedAt),
    ];
  });
  const api = await startRecorder();
  // One request at a time, so that they arrive in order.
  const given = { root, apiBaseUrl: api.baseUrl, concurrency: 1, seedFailedRenders: true };
  const result = await seed({ ...given, ...options });
  expect(result.routesSkipped).toEqual([]);
  let first = 0;
  for (const { body } of api.requests) {
    const count = (JSON.parse(body) as unknown[]).length;
    const known = body.replaceAll(/(?<="seed":"1\.)[\w-]{22}/gu, DIGEST);
    expect(sha256(known)).toBe(sha256(`[${expected.slice(first, first + count).join(",")}]`));
    first += count;
  }
  expect(first).toBe(expected.length);
  return api.requests.length;
}

describe("every request equals JSON.stringify of what Node reads", () => {
  it("for text that is hard to encode or decode", async () => {
    const pieces = PIECES.map(bytesOf);
    expect(await check([...pieces, Buffer.concat(pieces)])).toBe(1);
  });

  it("at every alignment", async () => {
    const pieces = PIECES.map(bytesOf);
    const contents = Array.from({ length: 70 }, (_, shift) =>
      Buffer.concat([Buffer.alloc(shift, "x"), ...pieces]),
    );
    expect(await check(contents, { maxBatchPairs: 9 })).toBe(Math.ceil(140 / 9));
  });

  it("for any bytes, in any number of requests", async () => {
    const piece = fc.oneof(
      fc.constantFrom(...PIECES.map(bytesOf)),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(text)),
    );
    const content = fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces));
    const contents = fc.array(content, { minLength: 1, maxLength: 20 });
    const cases = fc.asyncProperty(
      contents,
      fc.integer({ min: 1, max: 12 }),
      async (all, pairs) => {
        await check(all, { maxBatchPairs: pairs });
      },
    );
    await fc.assert(cases, { numRuns: 60 });
  });
});
