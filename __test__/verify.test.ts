// What `verify` finds: against real KV behind the local API, and a site that answers as told.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { seedKvCache, verifyFromProject, type ProjectVerifyOptions } from "../index.js";
import { BUILD_ID, buildOf, key, payload, rendered, temporaryDirectory } from "./support/build.js";
import { cli } from "./support/cli.js";
import { ACCOUNT } from "./support/cloudflare.js";
import { useLocalKv } from "./support/local-kv.js";
import { listen } from "./support/loopback.js";
import { NAMESPACE, writeProject } from "./support/project.js";
import { failureOf, TOKEN } from "./support/seed.js";

const kv = useLocalKv();
const { call } = kv;

const put = (key: string, value: unknown) =>
  call("PUT", "/bulk", [{ key, value: JSON.stringify(value) }]);

/** A site of pages, of which one revalidates and one has a path outside ASCII. */
function site(pages = 2) {
  const names = Array.from({ length: pages }, (_, page) => `p${page}`);
  const routes = [
    ...names.map((name) => rendered(`/${name}`)),
    rendered("/isr", { revalidate: 60 }),
    rendered("/日 本"),
  ];
  const files = [...names, "isr", "日 本"].flatMap((name) => [
    [`${name}.html`, `<p>${name}</p>`],
    [`${name}.rsc`, payload(name)],
  ]);
  return buildOf(routes, Object.fromEntries(files));
}

const GIVEN = {
  accountId: ACCOUNT,
  namespaceId: NAMESPACE,
  apiToken: TOKEN,
  runtime: { vinext: "1.4.0" },
};

const seed = (root: string) => seedKvCache({ root, ...GIVEN, apiBaseUrl: kv.baseUrl });

const verify = (root: string, options: ProjectVerifyOptions = {}) =>
  verifyFromProject({
    ...{ root, ...GIVEN, apiBaseUrl: kv.baseUrl, viteConfig: false },
    ...options,
  });

/** A site that serves the pages of `site` as HITs, but for what `change` does first. */
async function startSite(
  change: (
    path: string,
    response: ServerResponse,
    request: IncomingMessage,
  ) => boolean | void = () => false,
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://x");
    const path = decodeURIComponent(pathname);
    asked.push(path + search);
    if (change(path, response, request)) return;
    const name = path.slice(1);
    const isPayload = name.endsWith(".rsc");
    response.setHeader("x-vinext-cache", search === "" ? "HIT" : "MISS");
    response.end(isPayload ? payload(name.slice(0, -4)) : `<p>${name}</p>`);
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

describe("reading back", () => {
  it("finds every entry unchanged", async () => {
    const root = site();
    await seed(root);
    const result = await verify(root);
    expect(result).toMatchObject({ isSound: true, kvPairs: 8, buildId: BUILD_ID });
    expect(result.stored).toEqual({
      ...{ checked: 8, same: 8, rewritten: 0, missing: 0, different: 0 },
      problems: [],
    });
    expect(result.site).toBeUndefined();
  });

  it("reports missing, different and re-rendered entries", async () => {
    const root = site();
    await seed(root);
    await call("POST", "/bulk/delete", [key("/p0", "html")]);
    const page = { kind: "APP_PAGE", html: "new" };
    await put(key("/p1", "html"), { value: page, lastModified: Date.now() + 1000 });
    await put(key("/p1", "rsc"), { value: { kind: "FETCH" }, lastModified: Date.now() + 1000 });
    await put(key("/isr", "html"), { value: page, lastModified: 1 });
    expect(await verify(root)).toMatchObject({
      isSound: false,
      stored: { checked: 8, same: 4, rewritten: 1, missing: 1, different: 2 },
    });
  });

  it("detects an empty namespace", async () => {
    expect(await verify(site())).toMatchObject({ isSound: false, stored: { missing: 8, same: 0 } });
  });

  it("samples evenly over the site", async () => {
    const root = site(48);
    await seed(root);
    const { stored, kvPairs } = await verify(root, { sample: 10 });
    expect(kvPairs).toBe(100);
    expect(stored).toMatchObject({ checked: 20, same: 20 });
  });

  it("fails if the API rejects the request", async () => {
    const root = site();
    const result = await verify(root, { apiToken: "another-token-0123456789" });
    expect(result).toMatchObject({ isSound: false, failure: { code: "API_REFUSED" } });
  });
});

describe("a site", () => {
  it("passes if every page is a HIT with the build's bytes; each is requested once", async () => {
    const root = site();
    await seed(root);
    const { url, asked } = await startSite();
    const result = await verify(root, { url });
    expect(result.site?.problems).toEqual([]);
    expect(result).toMatchObject({
      isSound: true,
      site: {
        counts: {
          html: { asked: 4, hit: 4, wrongBytes: 0 },
          rsc: { asked: 4, hit: 4 },
          query: { asked: 4, miss: 4 },
        },
      },
    });
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).toContain("/日 本.rsc");
  });

  it.each([
    ["a MISS", (r: ServerResponse) => void r.setHeader("x-vinext-cache", "MISS"), "not-cached"],
    ["no cache header", () => {}, "not-cached"],
    [
      "a static page that is STALE",
      (r: ServerResponse) => void r.setHeader("x-vinext-cache", "STALE"),
      "not-cached",
    ],
    [
      "another status",
      (r: ServerResponse) => {
        r.statusCode = 500;
      },
      "wrong-status",
    ],
    [
      "other bytes",
      (r: ServerResponse) => void r.setHeader("x-vinext-cache", "HIT"),
      "wrong-bytes",
    ],
  ])("has a problem with %s", async (_, change, problem) => {
    const root = site();
    await seed(root);
    const { url } = await startSite((path, response) => {
      if (path !== "/p1") return false;
      change(response);
      response.end("<p>another</p>");
      return true;
    });
    const { isSound, site: found } = await verify(root, { url });
    expect(isSound).toBe(false);
    const urls = found?.problems.filter((one) => one.problem === problem).map((one) => one.url);
    expect(urls).toContain(`${url}/p1`);
  });

  it("may return STALE for a page that revalidates", async () => {
    const root = site();
    await seed(root);
    const { url } = await startSite((path, response, request) => {
      if (path !== "/isr" || request.url?.includes("?")) return false;
      response.setHeader("x-vinext-cache", "STALE");
      response.end("<p>isr</p>");
      return true;
    });
    expect(await verify(root, { url })).toMatchObject({ isSound: true });
  });

  it("returns a redirect with its status and its payload with 200", async () => {
    const redirect = { responseStatus: 307, headers: { location: "/p0" } };
    const routes = [rendered("/old", redirect)];
    const root = buildOf(routes, { "old.html": "", "old.rsc": payload("old") });
    await seed(root);
    const { url } = await startSite((path, response) => {
      response.setHeader("x-vinext-cache", "HIT");
      response.statusCode = path === "/old" ? 307 : 200;
      response.end(payload("old"));
      return true;
    });
    const { kvPairs, site: found } = await verify(root, { url });
    expect(kvPairs).toBeGreaterThan(0);
    expect(found?.problems).toEqual([]);
  });

  it("is also asked for Pages Router pages, redirects and not-found pages", async () => {
    const page = (route: string, more: object) =>
      rendered(route, { router: "pages", revalidate: 60, responseStatus: 200, ...more });
    const data = {
      props: { pageProps: {} },
      page: "/a",
      buildId: BUILD_ID,
      gsp: true,
      locale: "de",
    };
    const html = `<script id="__NEXT_DATA__">${JSON.stringify(data)}</script>`;
    const redirectProps = { pageProps: { __N_REDIRECT: "/a", __N_REDIRECT_STATUS: 307 } };
    const routes = [
      page("/a", { path: "/de/a", locale: "de" }),
      page("/moved", { responseStatus: 307, redirectProps }),
      page("/gone", { responseStatus: 404, notFound: true }),
    ];
    const root = buildOf(routes, { "de/a.html": html });
    await seed(root);
    const { url, asked } = await startSite((path, response) => {
      const status = { "/moved": 307, "/gone": 404 }[path] ?? 200;
      response.writeHead(status, { "x-vinext-cache": "HIT", location: "/a" });
      response.end(status === 200 ? html : "a page of the site's own");
      return true;
    });
    const result = await verify(root, { url });
    expect(result).toMatchObject({ isSound: true, stored: { same: 3 } });
    expect(asked.slice(0, 3)).toEqual(["/de/a", "/moved", "/gone"]);
  });

  it("may use trailing slashes", async () => {
    const root = site();
    await seed(root);
    const { url } = await startSite((path, response) => {
      if (path.endsWith(".rsc") || path.endsWith("/")) {
        if (!path.endsWith("/")) return false;
        response.setHeader("x-vinext-cache", "HIT");
        response.end(`<p>${path.slice(1, -1)}</p>`);
        return true;
      }
      response.writeHead(308, { location: `${encodeURI(path)}/` }).end();
      return true;
    });
    const { site: found } = await verify(root, { url });
    expect(found?.problems).toEqual([]);
  });

  it("that does not answer is a problem for every page", async () => {
    const root = site(0);
    await seed(root);
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { isSound, site: found } = await verify(root, { url: `http://127.0.0.1:${port}` });
    expect(isSound).toBe(false);
    expect(found?.problems.every(({ problem }) => problem === "no-answer")).toBe(true);
  }, 60_000);
});

describe("verifies nothing", () => {
  it("without a build or with invalid options", async () => {
    expect(await verify(temporaryDirectory())).toMatchObject({ skippedCode: "no-manifest" });
    const root = site();
    for (const options of [{ sample: 0 }, { url: "example.com" }]) {
      expect(await failureOf(verify(root, options))).toMatchObject({ code: "INVALID_OPTION" });
    }
  });
});

describe("vinext-seed verify", () => {
  const run = (root: string, args: string[], env: Record<string, string> = {}) =>
    cli(["verify", root, "--namespace-id", NAMESPACE, "--account-id", ACCOUNT, ...args], {
      cwd: root,
      env: {
        CLOUDFLARE_API_BASE_URL: kv.baseUrl,
        CLOUDFLARE_API_TOKEN: TOKEN,
        HOME: temporaryDirectory(),
        ...env,
      },
    });

  it("warns about a header that names the build machine", async () => {
    const root = writeProject({ wrangler: false });
    await seedKvCache({ ...GIVEN, root, apiBaseUrl: kv.baseUrl, appPrefix: "" });
    const { url } = await startSite((path, response) => {
      response.setHeader("x-vinext-cache", "HIT");
      if (path === "/a") response.setHeader("link", '<http://127.0.0.1:36543/de>; rel="alternate"');
      response.end(path === "/a.rsc" ? payload("a") : path.slice(1).toUpperCase());
      return true;
    });
    // The site has its own host name, which a proxy resolves.
    const proxy = { HTTP_PROXY: url, NO_PROXY: "127.0.0.1" };
    const { stdout, stderr } = await run(root, ["--url", "http://shop.example"], proxy);
    expect(stderr).toContain("warning: build-host: http://shop.example/a (link: <http://127.0.0.1");
    expect(stdout).toMatch(/\n +documents +2 +2 +0 +0 +0 +0 +1\n/u);
  });

  it("prints a table and each problem, and fails with --strict", async () => {
    const root = writeProject({ wrangler: false });
    await seedKvCache({ ...GIVEN, root, apiBaseUrl: kv.baseUrl, appPrefix: "" });
    const { url } = await startSite((path, response) => {
      response.setHeader("x-vinext-cache", path === "/b" ? "MISS" : "HIT");
      response.end(path === "/a.rsc" ? payload("a") : path.slice(1).toUpperCase());
      return true;
    });
    const { code, stdout, stderr } = await run(root, ["--url", url]);
    expect(stdout).toMatch(/^Read back 3 entries: 3 as built, 0 rendered again since, 0 missing/u);
    expect(stdout).toMatch(/\n +documents +2 +1 +0 +1 +0 +0 +0\n/u);
    expect(stderr).toContain(`warning: not-cached: ${url}/b (MISS)\n`);
    expect(code).toBe(0);
    expect((await run(root, ["--url", url, "--strict"])).code).toBe(1);
    const json = await run(root, ["--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ isSound: true, stored: { same: 3 } });
  });
});
