// Pages of the Pages Router: keys and values are the package's own, and what is skipped has a reason.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Oracle } from "../compat/oracles/client.js";
import { comparePages } from "../compat/oracles/differential.js";
import { explainRoute, seedKvCache } from "../index.js";
import { BUILD_ID, buildOf, rendered } from "./support/build.js";
import { useLocalKv } from "./support/local-kv.js";
import { NAMESPACE } from "./support/project.js";
import { TARGET, TOKEN, seeded } from "./support/seed.js";

const VERSIONS = { vinext: "1.4.0", cloudflare: "1.0.0-beta.7" };
const CASES = 20_000;

/** A document as vinext 1.4.0 writes it, with its data. */
function document(page: string, more: Record<string, unknown> = {}, props: unknown = {}) {
  const data = { props: { pageProps: props }, page, query: {}, buildId: BUILD_ID };
  const json = JSON.stringify({ ...data, isFallback: false, gsp: true, ...more });
  const escapes: Record<string, string> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
  const escaped = json.replaceAll(/[<>&]/gu, (character) => escapes[character] ?? "");
  const script = `<script id="__NEXT_DATA__" type="application/json">${escaped}</script>`;
  return `<!DOCTYPE html><html><body><div id="__next">é "${page}"</div>${script}</body></html>`;
}

const page = (route: string, more: Record<string, unknown> = {}) =>
  rendered(route, { router: "pages", responseStatus: 200, ...more });

const keyOf = (pathname: string) => `cache:pages:v2:${BUILD_ID}:${pathname}`;

describe("the runtime's own functions", () => {
  it("produce the same keys", { timeout: 240_000 }, async () => {
    const { agreed, difference } = await comparePages(VERSIONS, CASES, 20_261_126);
    expect(difference).toBeUndefined();
    expect(agreed).toBe(CASES);
  });

  it("produce the same values", async () => {
    const awkward = {
      text: '</script><b> & "é" 😀 \u2028 \\ \u0000',
      nested: [{ a: null }],
      "": 1e21,
    };
    const pages = [
      { name: "a", props: {}, status: 200 },
      { name: "b", props: awkward, status: 200 },
      { name: "c", props: { lone: "\ud800" }, status: 200 },
      ...fc.sample(fc.jsonValue(), { numRuns: 2000, seed: 18 }).map((value, index) => {
        return { name: `p${index}`, props: { value }, status: 200 };
      }),
    ].map((one) => ({ ...one, html: document(`/${one.name}`, {}, one.props) }));
    const root = buildOf(
      pages.map(({ name }) => page(`/${name}`, { revalidate: 60, expire: 3600 })),
      Object.fromEntries(pages.map(({ name, html }) => [`${name}.html`, html])),
    );
    const { pairs } = await seeded(root);
    const oracle = new Oracle(VERSIONS);
    const questions = pages.map(({ html, props, status }) => {
      return { html, pageData: { pageProps: props }, status };
    });
    const theirs = await oracle.ask({ op: "pagesValues", pages: questions });
    oracle.close();
    // Batches travel side by side and may arrive in any order.
    const stored = new Map(pairs.map(({ key, value }) => [key, JSON.parse(value).value]));
    expect(pairs.length).toBe(pages.length);
    expect([...stored.keys()].toSorted()).toEqual(
      pages.map(({ name }) => keyOf(`/${name}`)).toSorted(),
    );
    const ours = pages.map(({ name }) => JSON.stringify(stored.get(keyOf(`/${name}`))));
    expect(ours).toEqual(theirs);
  });
});

describe("an entry", () => {
  const now = () => Date.now();

  it("of a page that revalidates is fresh", async () => {
    const root = buildOf([page("/a", { revalidate: 60, expire: 3600 })], {
      "a.html": document("/a"),
    });
    const before = now();
    const { pairs } = await seeded(root);
    const entry = JSON.parse(pairs[0]?.value ?? "");
    expect(entry.revalidateAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(entry.cacheControl).toEqual({ revalidate: 60, expire: 3600 });
    expect(entry.tags).toEqual([]);
    expect(pairs[0]?.metadata).toMatchObject({ tags: [] });
  });

  it("with `revalidate: false` is stale from the start", async () => {
    const root = buildOf([page("/a")], { "a.html": document("/a") });
    const { pairs } = await seeded(root);
    expect(JSON.parse(pairs[0]?.value ?? "")).toMatchObject({
      value: { kind: "PAGES", status: 200 },
      revalidateAt: 0,
      expireAt: null,
    });
    expect(pairs[0]?.expiration_ttl).toBeUndefined();
  });

  it("of a redirect and of a `notFound` comes from the manifest", async () => {
    const redirectProps = { pageProps: { __N_REDIRECT: "/b?x=1", __N_REDIRECT_STATUS: 308 } };
    const routes = [
      page("/moved", { revalidate: 60, responseStatus: 308, redirectProps }),
      page("/gone", { revalidate: 60, responseStatus: 404, notFound: true }),
    ];
    const { pairs, keys } = await seeded(buildOf(routes));
    expect(keys).toEqual([keyOf("/moved"), keyOf("/gone")]);
    const [moved, gone] = pairs.map(({ value }) => JSON.parse(value));
    expect(moved.value).toEqual({ kind: "REDIRECT", props: redirectProps });
    expect(gone.value).toBeNull();
    expect(gone).toHaveProperty("revalidateAt");
  });

  it("of a 404 page with `getStaticProps` has that status", async () => {
    const root = buildOf([rendered("/404", { router: "pages" })], {
      "404.html": document("/404"),
    });
    const { pairs } = await seeded(root);
    expect(pairs[0]?.key).toBe(keyOf("/404"));
    expect(JSON.parse(pairs[0]?.value ?? "").value.status).toBe(404);
  });

  it("of a locale has the locale in its key", async () => {
    const routes = [
      page("/a", { locale: "en" }),
      page("/a", { locale: "de", path: "/de/a" }),
      page("/", { locale: "de", path: "/de" }),
    ];
    const { keys } = await seeded(
      buildOf(routes, {
        "a.html": document("/a", { locale: "en" }),
        "de/a.html": document("/a", { locale: "de" }),
        "de.html": document("/", { locale: "de" }),
      }),
    );
    expect(keys).toEqual(
      ["/a::i18n=locale%3Aen", "/a::i18n=locale%3Ade", "/::i18n=locale%3Ade"].map(keyOf),
    );
  });
});

describe("skips", () => {
  const loopback = { pageProps: { __N_REDIRECT: "http://localhost:4173/b" } };
  it.each([
    ["a page without getStaticProps", "no-static-props", document("/a", { gsp: undefined }), {}],
    [
      "a page with getInitialProps",
      "initial-props",
      document("/a", { gsp: undefined, gip: true }),
      {},
    ],
    [
      "a page below an _app with getInitialProps",
      "initial-props",
      document("/a", { gsp: undefined, appGip: true }),
      {},
    ],
    ["a fallback shell", "fallback-shell", document("/a", { isFallback: true }), {}],
    ["a site with i18n.domains", "domain-locales", document("/a", { domainLocales: [{}] }), {}],
    ["a document without data", "no-page-data", "<html></html>", {}],
    ["data of another build", "no-page-data", document("/a", { buildId: "other" }), {}],
    ["a document with two sets of data", "no-page-data", document("/a").repeat(2), {}],
    ["another page's document", "other-page-data", document("/b"), {}],
    ["another locale's document", "other-page-data", document("/a", { locale: "de" }), {}],
    ["the error page", "error-page", document("/_error", { gsp: undefined }), {}],
    ["a redirect to the build machine", "loopback-redirect", "", { redirectProps: loopback }],
    ["redirect props that are none", "invalid-route", "", { redirectProps: "/b" }],
    ["a page without a file", "missing-artifact", undefined, {}],
  ])("%s", async (_, code, html, more) => {
    const root = buildOf([page("/a", more)], html === undefined ? {} : { "a.html": html });
    const { result, requests } = await seeded(root);
    expect(result.routesSkipped).toMatchObject([{ route: "/a", code }]);
    expect(requests).toHaveLength(0);
  });

  it("a second route with the same key, but not of the other router", async () => {
    const routes = [page("/a"), rendered("/a"), page("/:x", { path: "/a" })];
    const { result, keys } = await seeded(buildOf(routes, { "a.html": document("/a") }), {
      seedFailedRenders: true,
    });
    expect(result.routesSkipped).toMatchObject([{ route: "/:x", code: "duplicate" }]);
    expect(keys).toHaveLength(2);
  });
});

describe("stored entries", () => {
  const kv = useLocalKv();
  const options = (root: string) => {
    return { ...TARGET, namespaceId: NAMESPACE, apiToken: TOKEN, apiBaseUrl: kv.baseUrl, root };
  };

  it("are recognized by the next run, for both routers", async () => {
    const routes = [rendered("/"), page("/a", { revalidate: 60 }), page("/b")];
    const files = { "index.html": "x", "a.html": document("/a"), "b.html": document("/b") };
    const root = buildOf(routes, files);
    const more = { seedFailedRenders: true };
    expect(await seedKvCache({ ...options(root), ...more })).toMatchObject({ kvPairsUploaded: 3 });
    expect(await seedKvCache({ ...options(root), ...more })).toMatchObject({
      kvPairsUploaded: 0,
      kvPairsUnchanged: 3,
    });
  });
});

it("explainRoute supports them from 1.4.0 on", () => {
  const query = { route: "/posts/:slug", path: "/de/posts/a%20b", locale: "de", buildId: "b" };
  expect(explainRoute({ ...query, runtime: { vinext: "1.4.0" } }).pages).toEqual({
    logicalKey: "pages:v2:b:/posts/a b::i18n=locale%3Ade",
    kvKey: "cache:pages:v2:b:/posts/a b::i18n=locale%3Ade",
    file: "de/posts/a%20b.html",
  });
  expect(explainRoute({ ...query, runtime: { vinext: "1.0.0-beta.10" } }).pages).toBeUndefined();
});
