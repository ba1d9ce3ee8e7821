// The comparison of seeded Workers with unseeded ones, on answers and entries made up for it. Real
// Workers are compared in `e2e/real-workerd.test.ts`.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { answerDifferences, type PageAnswers } from "../compat/compare/answers.js";
import { entryDifferences } from "../compat/compare/entries.js";
import { flightRows, flightTexts } from "../compat/compare/flight.js";
import { MEANT_IDS, meantBecause } from "../compat/compare/expected.js";
import type { Answer, StoredEntry } from "../compat/compare/observe.js";
import { documentTexts, shownDifference } from "../compat/compare/shown.js";
import type { ProjectSeedResult } from "../index.js";

describe("the texts of a document", () => {
  it("come from elements and title, without comments and scripts", () => {
    const html =
      '<!DOCTYPE html><title>Home</title><style>p{}</style><main>Post <!-- -->1<p>a</p></main><script>"x"</script>';
    expect(documentTexts(html)).toEqual(["Home", "Post 1", "a"]);
  });

  it("include streamed content in place of its fallback", () => {
    const html =
      '<main>a<!--$?--><template id="B:0"></template><p>Loading</p><!--/$-->c</main>' +
      '<div hidden id="S:0"><div>b</div></div><script>$RC("B:0","S:0")</script>';
    expect(documentTexts(html)).toEqual(["a", "b", "c"]);
  });

  it("are the fallback of a failed child", () => {
    const html = '<!--$!--><template data-dgst="1"></template><p>Loading</p><!--/$-->';
    expect(documentTexts(html)).toEqual(["Loading"]);
  });
});

describe("the texts of a payload", () => {
  it("come from children of elements and text rows", () => {
    const text = 'long\n7:E{"digest":"1"}\n';
    const payload = Buffer.from(
      `0:["$","main",null,{"children":["Post ",1,"$L1",["$","p",null,{"title":"t","children":"b"}]]}]\n` +
        `2:T${Buffer.byteLength(text).toString(16)},${text}3:I["chunk.js"]\n4:E{"digest":"2"}\n`,
    );
    expect(flightTexts(payload)).toEqual(["Post ", "1", "b", text]);
    expect([...flightRows(payload)].map(({ tag }) => tag)).toEqual(["", "T", "I", "E"]);
  });
});

describe("visible text", () => {
  it("may differ where two Worker renders differ", () => {
    expect(shownDifference(["now:", "1"], ["now:", "2"], ["now:", "3"])).toBeUndefined();
  });

  it.each([
    ["another text", ["a", "x"], { missing: ["b"], surplus: ["x"] }],
    ["a text less", ["a"], { missing: ["b"], surplus: [] }],
    ["a text more", ["a", "b", "b"], { missing: [], surplus: ["b"] }],
  ])("differs with %s", (_, seeded, difference) => {
    expect(shownDifference(seeded, ["a", "b"], ["a", "b"])).toEqual(difference);
  });
});

const ENTRY = {
  value: { kind: "APP_PAGE", html: "<main>Home</main>", headers: { link: "</a>; rel=preload" } },
  tags: ["/", "_N_T_/"],
  lastModified: Date.now(),
  revalidateAt: Date.now() + 60_000,
  expireAt: Date.now() + 120_000,
  cacheControl: { revalidate: 60, expire: 120 },
};

function entries(change: (entry: any) => void = () => {}, rest: Partial<StoredEntry> = {}) {
  const entry = structuredClone(ENTRY);
  change(entry);
  const metadata = { tags: entry.tags };
  return new Map([["cache:app:1:/:html", { entry, metadata, ttlSeconds: 2_592_000, ...rest }]]);
}

describe("entries", () => {
  it("ignore the write time", () => {
    const later = entries((entry) => {
      for (const name of ["lastModified", "revalidateAt", "expireAt"]) entry[name] -= 5000;
    });
    expect(entryDifferences(later, [entries()])).toEqual([]);
  });

  it.each<[string, (entry: any) => void, string[]]>([
    ["kind", (entry) => (entry.value.kind = "APP_ROUTE"), ["value.kind"]],
    ["text", (entry) => (entry.value.html = "<main>Error</main>"), ["value.html"]],
    ["status", (entry) => (entry.value.status = 404), ["value.status"]],
    ["header", (entry) => (entry.value.headers.vary = "RSC"), ["value.headers.vary"]],
    ["tag", (entry) => entry.tags.push("x"), ["tags", "metadata"]],
    ["order of tags", (entry) => entry.tags.push(entry.tags.shift()), ["tags", "metadata"]],
    ["revalidate", (entry) => (entry.cacheControl.revalidate = 61), ["cacheControl.revalidate"]],
    ["revalidateAt", (entry) => (entry.revalidateAt += 600_000), ["expireAt", "revalidateAt"]],
    ["member", (entry) => (entry.extra = true), ["extra"]],
  ])("differ by %s", (_, change, fields) => {
    const found = entryDifferences(entries(change), [entries()]).map(({ field }) => field);
    expect(found.sort()).toEqual(fields.sort());
  });

  it("differ by expiration", () => {
    const seeded = entries(undefined, { ttlSeconds: undefined });
    expect(entryDifferences(seeded, [entries()])).toMatchObject([
      { field: "ttl", seeded: "none", worker: "2592000 s" },
    ]);
  });

  it("differ if one is missing", () => {
    expect(entryDifferences(new Map(), [entries()])).toMatchObject([
      { field: "key", seeded: "missing", worker: "written" },
    ]);
    expect(entryDifferences(entries(), [new Map()])).toMatchObject([
      { field: "key", seeded: "written", worker: "missing" },
    ]);
  });
});

function answer(
  state: string,
  headers: [string, string][] = [],
  text = "Home",
  status = 200,
): Answer {
  return {
    status,
    headers: [["date", String(Math.random())], ["x-vinext-cache", state], ...headers],
    body: Buffer.from(`<main>${text}</main>`),
    receivedAt: Date.now(),
  };
}

function page(seeded: Answer[], worker: Answer[], control = worker): PageAnswers {
  const request = { kind: "html", pathname: "/", url: "/" };
  return { request, seeded, worker, control, seededAt: Date.now() } as unknown as PageAnswers;
}

const HITS = [answer("HIT"), answer("HIT")];

describe("answers", () => {
  it("do not differ if both are the same HIT", () => {
    expect(answerDifferences(page(HITS, HITS))).toEqual([]);
  });

  it("ignore the age of a seeded page", () => {
    const seeded = page([answer("HIT"), answer("STALE")], HITS);
    Object.assign(seeded.request, { route: { revalidate: 60 } });
    expect(answerDifferences(seeded)).toMatchObject([{ field: "cache" }]);
    expect(answerDifferences({ ...seeded, seededAt: Date.now() - 61_000 })).toEqual([]);
  });

  it("are compared with the Worker's own HIT", () => {
    const worker = [answer("MISS", [["cache-control", "no-store"]]), answer("HIT")];
    expect(answerDifferences(page(HITS, worker))).toMatchObject([
      { field: "cache", seeded: "HIT, then HIT", worker: "MISS, then HIT" },
    ]);
  });

  it("differ by a duplicated header", () => {
    const once: [string, string][] = [["link", "</a>"]];
    const twice = [answer("HIT", [...once, ["link", "<http://127.0.0.1/>"]]), answer("HIT", once)];
    const worker = [answer("HIT", once), answer("HIT", once)];
    expect(answerDifferences(page(twice, worker))).toMatchObject([{ field: "header link" }]);
  });

  it("differ by a header that never changes", () => {
    const fresh = () => answer("HIT", [["set-cookie", `sid=${Math.random()}`]]);
    const frozen = answer("HIT", [["set-cookie", "sid=1"]]);
    const worker = [fresh(), fresh()];
    expect(answerDifferences(page([fresh(), fresh()], worker, [fresh(), fresh()]))).toEqual([]);
    expect(answerDifferences(page([frozen, frozen], worker, [fresh(), fresh()]))).toMatchObject([
      { field: "header set-cookie, frozen" },
    ]);
  });

  it("differ by status and by text", () => {
    const failed = answer("HIT", [], "Something went wrong", 500);
    const fields = answerDifferences(page([failed, failed], HITS)).map(({ field }) => field);
    expect(fields).toEqual(["status of request 1", "status of request 2", "text"]);
  });
});

describe("expected differences", () => {
  const facts = (generation: string) => ({
    isProven: true,
    result: {
      runtime: { generation },
      routesSkipped: [],
      warnings: [],
    } as unknown as ProjectSeedResult,
    pages: [],
  });

  it("are exactly those in docs/differences.md", () => {
    const document = readFileSync(new URL("../docs/differences.md", import.meta.url), "utf-8");
    const explained = [...document.matchAll(/^\| `([a-z-]+)` \|/gmu)].map(([, id]) => id);
    expect(explained.sort()).toEqual([...MEANT_IDS].sort());
  });

  it("do not cover an entry of 1.4.0 that the Worker never writes", () => {
    const isStatic = (entry: any) => {
      entry.revalidateAt = null;
      delete entry.cacheControl;
    };
    const [difference] = entryDifferences(entries(isStatic), [new Map()]);
    expect(meantBecause(difference as any, facts("g12"))).toBeUndefined();
  });

  it("do not cover a query proof that the Worker's render does not give", () => {
    const observation = (status: string) => (entry: any) => {
      entry.value.renderObservation = { requestApis: [{ kind: "searchParams", status }] };
    };
    const proven = entries((entry) => (entry.value.prerendered = true));
    const ids = (status: string) =>
      entryDifferences(proven, [entries(observation(status))]).map((difference) =>
        meantBecause(difference, facts("g12")),
      );
    expect(ids("notObserved")).toEqual(["query-proof", "query-proof"]);
    expect(ids("observed")).toEqual([undefined, undefined]);
  });

  it("cover only tags split by the build", () => {
    const tagged = (...tags: string[]) => entries((entry) => (entry.tags = ["/", ...tags]));
    const ids = (...tags: string[]) =>
      entryDifferences(tagged(...tags), [tagged("a,b", "c")]).map((difference) =>
        meantBecause(difference, facts("g12")),
      );
    expect(ids("a", "b", "c")).toEqual(["comma-tags", "comma-tags"]);
    expect(ids("a,b", "c", "a", "b")).toEqual(["comma-tags", "comma-tags"]);
    expect(ids("a", "b", "c", "d")).toEqual([undefined, undefined]);
    expect(ids("a", "b")).toEqual([undefined, undefined]);
  });

  it("do not cover tags if the build lists them", () => {
    const [difference] = entryDifferences(
      entries((entry) => entry.tags.push("x")),
      [entries()],
    );
    expect(meantBecause(difference as any, facts("g08"))).toBe("unlisted-tags");
    expect(meantBecause(difference as any, facts("g09"))).toBeUndefined();
  });
});
