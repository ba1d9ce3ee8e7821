// What a seeded page must never be: headers of the build's own server, failed renders, empty pages.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { planKvSeed } from "../index.js";
import { buildOf, key, payload, rendered } from "./support/build.js";
import { entryOf } from "./support/recorder.js";
import { seeded } from "./support/seed.js";

/** What middleware, `next.config` and the build's own server leave in the manifest of vinext 1.4.0. */
const HEADERS_OF_BUILD = {
  "content-security-policy": "script-src 'nonce-abc'",
  "content-type": "application/xml",
  link: '<http://127.0.0.1:36323/de>; rel="alternate", </a.woff2>; rel=preload; as=font',
  vary: "x-mw, RSC",
  "x-request-id": "0.89",
  "cache-control": "no-store, must-revalidate",
  "set-cookie": ["sid=0.69; Path=/"],
  "x-vinext-metadata-route-cache": "1",
};

describe("headers of the build's own server", () => {
  const only = (names: string[], more: object = {}) => ({
    ...Object.fromEntries(
      Object.entries(HEADERS_OF_BUILD).filter(([name]) => names.includes(name)),
    ),
    ...more,
  });

  it.each([undefined, 404])("are not stored with a page of status %s", async (responseStatus) => {
    const more = { headers: HEADERS_OF_BUILD, responseStatus };
    const files = { "a.html": "a", "a.rsc": payload() };
    const { pairs } = await seeded(buildOf([rendered("/a", more)], files));
    expect(pairs.map((pair) => entryOf(pair).value.headers)).toEqual([
      { link: "</a.woff2>; rel=preload; as=font" },
      undefined,
    ]);
  });

  it("are not stored with a metadata route", async () => {
    const more = { router: "metadata", headers: HEADERS_OF_BUILD, responseStatus: 200 };
    const { pairs } = await seeded(
      buildOf([rendered("/sitemap.xml", more)], { "sitemap.xml.route": "<urlset/>" }),
    );
    expect(entryOf(pairs[0]).value.headers).toEqual(
      only(["content-type", "x-vinext-metadata-route-cache"], {
        "cache-control": "public, max-age=0, must-revalidate",
      }),
    );
  });

  it("are not stored with a redirect, which keeps its location", async () => {
    const headers = { ...HEADERS_OF_BUILD, location: "/b" };
    const { pairs } = await seeded(
      buildOf([rendered("/a", { headers, responseStatus: 307 })], { "a.html": "" }),
    );
    expect(entryOf(pairs[0]).value.headers).toEqual({ location: "/b" });
  });

  it("never lead visitors to the build machine", async () => {
    const headers = { location: "http://LOCALHOST:3000/login" };
    const root = buildOf([rendered("/a", { headers, responseStatus: 307 })], { "a.html": "" });
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([]);
    expect(result.routesSkipped).toMatchObject([{ route: "/a", code: "loopback-redirect" }]);
  });
});

interface Renders {
  renders: { pathname: string; render: string; payload?: string; payloadBase64?: string }[];
}

/** Payloads that real builds of a version wrote. */
function rendersOf(version: string) {
  const file = `../crates/vinext-seed/tests/data/renders/${version}.json`;
  const text = readFileSync(fileURLToPath(new URL(file, import.meta.url)), "utf-8");
  return (JSON.parse(text) as Renders).renders.map(({ pathname, render, ...content }) => ({
    pathname,
    render,
    rsc: Buffer.from(
      content.payload ?? content.payloadBase64 ?? "",
      content.payload ? "utf-8" : "base64",
    ),
  }));
}

const CODES: Record<string, string> = {
  failed: "failed-render",
  "ends-in-metadata": "ends-in-metadata",
  "other-page": "followed-redirect",
  "not-flight": "unusable-artifact",
};

describe.each(["0.2.1", "1.0.0-beta.10", "1.4.0"])("pages of vinext %s", (vinext) => {
  const renders = rendersOf(vinext);
  const routes = renders.map(({ pathname }) => rendered(pathname, { revalidate: 60 }));
  const nameOf = (pathname: string) => (pathname === "/" ? "index" : pathname.slice(1));
  const files = Object.fromEntries(
    renders.flatMap(({ pathname, rsc }) => [
      [`${nameOf(pathname)}.html`, "<!DOCTYPE html>"],
      [`${nameOf(pathname)}.rsc`, rsc],
    ]),
  );
  const options = { runtime: { vinext }, allowUnprovenRoutes: true };

  it("are skipped if their render failed", async () => {
    const { result } = await seeded(buildOf(routes, files), options);
    const failed = renders.filter(({ render }) => render !== "page");
    const skipped = new Map(
      result.routesSkipped.map(({ route, code, detail }) => [route, { code, detail }]),
    );
    for (const { pathname, render } of failed) {
      const [what = "", detail] = render.split(" ");
      expect(skipped.get(pathname), pathname).toEqual({ code: CODES[what], detail });
    }
    expect(failed.length).toBeGreaterThan(5);
    const wrongParams = [...skipped.values()].filter(({ code }) => code === "wrong-params").length;
    expect(skipped.size - wrongParams).toBe(failed.length);
  });

  it("are seeded with `seedFailedRenders`", async () => {
    const { result } = await seeded(buildOf(routes, files), {
      ...options,
      seedFailedRenders: true,
    });
    expect(result.routesSkipped.filter(({ code }) => code !== "wrong-params")).toEqual([]);
  });
});

describe("an empty document", () => {
  it.each([
    ["empty", ""],
    ["blank", " \n\t\r\n"],
  ])("is skipped: %s", async (_, html) => {
    const files = { "a.html": html, "a.rsc": payload(), "b.html": "b" };
    const { result, keys } = await seeded(buildOf([rendered("/a"), rendered("/b")], files));
    expect(keys).toEqual([key("/b", "html")]);
    expect(result.routesSkipped).toMatchObject([{ route: "/a", code: "empty-document" }]);
    expect(result.routesSkipped[0]?.reason).toBe("a.html is empty");
  });

  it("is accepted for a redirect and a metadata route", async () => {
    const routes = [
      rendered("/go", { responseStatus: 308, headers: { location: "/a" } }),
      rendered("/robots.txt", { router: "metadata", headers: { "content-type": "text/plain" } }),
    ];
    const { result, keys } = await seeded(
      buildOf(routes, { "go.html": "", "robots.txt.route": "" }),
    );
    expect(keys).toEqual([key("/go", "html"), key("/robots.txt", "route")]);
    expect(result.routesSkipped).toEqual([]);
  });
});

describe("a page without a payload file", () => {
  const embedded = (text: string) =>
    `<!DOCTYPE html><p>x</p><script>((self[Symbol.for("vinext.navigationRuntime")]??={bootstrap:{}}).bootstrap.rsc??={rsc:[]}).rsc.push(${JSON.stringify(text).replaceAll("<", String.raw`\u003c`)})</script>`;

  it("is classified by the payload in its document, if it has one", async () => {
    const failed = `${payload()}2:E{"digest":"123"}\n`;
    const files = {
      "ok.html": embedded(payload("<p>")),
      "failed.html": embedded(failed),
      "plain.html": "<!DOCTYPE html><p>x</p>",
      "cut.html": embedded("0:{"),
    };
    const routes = ["/ok", "/failed", "/plain", "/cut"].map((route) => rendered(route));
    const { result, keys } = await seeded(buildOf(routes, files));
    expect(keys).toEqual(["/ok", "/plain", "/cut"].map((pathname) => key(pathname, "html")));
    const skipped = [{ route: "/failed", code: "failed-render", detail: "123" }];
    expect(result.routesSkipped).toMatchObject(skipped);
  });

  it("is seeded with `seedFailedRenders`", async () => {
    const files = { "a.html": embedded('0:{"route:/a":1}\n') };
    const { keys } = await seeded(buildOf([rendered("/a")], files), { seedFailedRenders: true });
    expect(keys).toEqual([key("/a", "html")]);
  });
});

describe("an invalid payload", () => {
  it.each([
    ["cut off", '0:{"page:/a":"$L1"}\n1:["$","p"'],
    ["something else", "404 page not found"],
    ["empty", ""],
  ])("skips its page: %s", async (_, rsc) => {
    const root = buildOf([rendered("/a")], { "a.html": "a", "a.rsc": rsc });
    const { result, keys } = await seeded(root);
    expect(keys).toEqual([]);
    expect(result.routesSkipped).toMatchObject([{ route: "/a", code: "unusable-artifact" }]);
  });

  it("is not searched by line", async () => {
    const text = '\n7:E{"digest":"123"}\n';
    const rsc = `0:{"page:/a":"$1"}\n1:T${text.length.toString(16)},${text}`;
    const { keys } = await seeded(buildOf([rendered("/a")], { "a.html": "a", "a.rsc": rsc }));
    expect(keys).toHaveLength(2);
  });
});

describe("tags of vinext 1.4.0", () => {
  // As in the manifest of a real build, whose Worker stores the same list.
  const grouped = [
    "/grouped",
    "_N_T_/grouped",
    "_N_T_/layout",
    "_N_T_/(group)/layout",
    "_N_T_/(group)/grouped/layout",
    "_N_T_/(group)/grouped/page",
    "plain",
  ];
  const tagsOf = async (route: string, tags: string[]) => {
    const files = { [`${route.slice(1)}.html`]: "x" };
    const { pairs } = await seeded(buildOf([rendered(route, { tags })], files));
    return entryOf(pairs[0]).tags;
  };

  it("equal the manifest's if it has all of them", async () => {
    expect(await tagsOf("/grouped", grouped)).toEqual(grouped);
  });

  it("are completed if the manifest lacks some", async () => {
    const formula = ["/a", "_N_T_/a", "_N_T_/layout", "_N_T_/a/layout", "_N_T_/a/page"];
    expect(await tagsOf("/a", ["plain"])).toEqual([...formula, "plain"]);
    // A comma in the pathname cuts the list into pieces.
    const pieces = ["/a", "b", "_N_T_/a", "_N_T_/layout", "b/layout", "b/page"];
    expect(await tagsOf("/a,b", pieces)).toEqual(expect.arrayContaining(["/a,b", "_N_T_/a,b"]));
  });
});

describe("a page that is rewritten to another", () => {
  const tags = ["/target", "_N_T_/target", "_N_T_/layout", "_N_T_/target/layout"];
  const routes = [rendered("/shadowed", { tags })];

  it("is stored under both pathnames in vinext 1.4.0", async () => {
    const files = { "shadowed.html": "x", "shadowed.rsc": payload() };
    const { keys, pairs } = await seeded(buildOf(routes, files));
    const both = "/shadowed?__vinext_rewrite=%2Ftarget";
    expect(keys).toEqual([key(both, "html"), key(both, "rsc")]);
    expect(entryOf(pairs[0]).tags).toEqual(tags);
  });

  it("keeps the request's trailing slash", async () => {
    const root = buildOf(routes, { "shadowed/index.html": "x" }, { trailingSlash: true });
    const { keys } = await seeded(root);
    expect(keys).toEqual([key("/shadowed/?__vinext_rewrite=%2Ftarget", "html")]);
  });

  it("is skipped if the target's entry is looked up", async () => {
    const options = { runtime: { vinext: "1.0.0-beta.10" } };
    const { result } = await seeded(buildOf(routes, { "shadowed.html": "x" }), options);
    expect(result.routesSkipped).toMatchObject([{ code: "rewritten", detail: "/target" }]);
  });

  it("is reported by a plan", async () => {
    const root = buildOf([rendered("/a")], { "a.html": "a" });
    const code = 'r={beforeFiles:[],afterFiles:[{source:"/b",destination:"/a"}],fallback:[]}';
    const plan = () => planKvSeed({ root, runtime: { vinext: "1.4.0" } });
    expect((await plan()).warnings).toEqual([]);
    writeFileSync(path.join(root, "dist/server/index.js"), code);
    expect((await plan()).warnings).toEqual([expect.stringContaining("next.config has rewrites")]);
  });
});
