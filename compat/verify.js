// One setup of the matrix, from build to verdict, in real workerd.
//
// Invariant: no rule of ours for keys or files decides. What is requested are URLs; what is compared
// are the build's files, and what the same Worker writes and shows with nothing seeded.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { planKvSeed } from "../index.js";
import { startLocalApi } from "../lib/local-api/server.js";
import { prerenderedArtifacts } from "../scripts/build-output.js";
import { startWranglerDev } from "../scripts/wrangler-dev.js";
import { cacheState } from "./compare/answers.js";
import { compareProject } from "./compare/compare.js";
import { isUnread } from "./compare/expected.js";
import { get } from "./compare/observe.js";
import { lineOf } from "./compare/report.js";
import { documentTexts } from "./compare/shown.js";
import { buildProject } from "./project.js";

const TOKEN = "local-token";

/** How long ago the stale entry was seeded; the page revalidates after one minute. */
const AGE_MS = 120_000;

/**
 * @typedef {object} Verdict
 * @property {string} name
 * @property {string} generation
 * @property {Count} html first requests of documents that are HITs with the build's bytes
 * @property {Count} rsc the same of RSC payloads
 * @property {Count} metadata the same of metadata routes
 * @property {Count} content documents whose visible content is what the Worker renders live
 * @property {number} requests of the comparison
 * @property {number} meant differences that docs/differences.md explains
 * @property {string} [skipped] the code of why nothing was seeded
 * @property {Later} [later] of setups with claims
 * @property {string[]} problems undocumented differences, and claims that do not hold
 */

/**
 * What happens to seeded entries after their first request.
 * @typedef {object} Later
 * @property {Count} query requests with a query string that are answered as claimed
 * @property {boolean} staleThenFresh
 * @property {boolean} purgedByPath
 * @property {boolean} purgedByTag
 */

/** @typedef {{ seen: number, of: number }} Count */

/**
 * @param {import("./matrix.js").Setup} setup
 * @returns {Promise<Verdict>}
 */
export async function verify(setup) {
  const root = await buildProject(setup);
  const scratch = mkdtempSync(path.join(os.tmpdir(), "seed-native-compat-"));
  try {
    const comparison = await compareProject({ root, scratch, paths: setup.paths });
    return await new Verification(setup, root, comparison).run();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

class Verification {
  /** @type {string[]} */
  #problems = [];

  /**
   * @param {import("./matrix.js").Setup} setup
   * @param {string} root
   * @param {import("./compare/compare.js").Comparison} comparison
   */
  constructor(setup, root, comparison) {
    this.setup = setup;
    this.root = root;
    this.comparison = comparison;
  }

  /** @returns {Promise<Verdict>} */
  async run() {
    const { setup, comparison } = this;
    const { result, pages, differences, meant } = comparison;
    this.#problems.push(...differences.map(lineOf));
    this.#expect(
      result.skippedCode === setup.skipped,
      `the seeding was ${result.skippedCode === undefined ? "done" : `skipped: ${result.skipped}`}`,
    );
    const first = this.#firstRequests();
    const later = setup.claims === undefined ? undefined : await this.#claimed(setup.claims);
    return {
      name: setup.name,
      generation: result.runtime?.generation ?? "-",
      ...first,
      requests: pages.length,
      meant: meant.length,
      skipped: result.skippedCode,
      later,
      problems: this.#problems,
    };
  }

  /** How many of the build's files were served to the first request that asked for them. */
  #firstRequests() {
    const { result, pages, differences, meant } = this.comparison;
    const counts = { html: count(), rsc: count(), data: count(), route: count(), content: count() };
    if (result.skipped !== undefined || isUnread(result)) {
      return {
        html: counts.html,
        rsc: counts.rsc,
        metadata: counts.route,
        content: counts.content,
      };
    }
    const skipped = new Set(result.routesSkipped.map(({ route, path }) => path ?? route));
    const artifacts = prerenderedArtifacts(this.root).filter(
      ({ pathname }) => !skipped.has(pathname),
    );
    // A page can be seeded under more paths than its own, but has no more files for that.
    this.#expect(
      artifacts.length <= result.kvPairsUploaded,
      `${result.kvPairsUploaded} entries were stored, of ${artifacts.length} files`,
    );
    const textDiffers = new Set(
      [...differences, ...meant.map(({ difference }) => difference)].flatMap((difference) =>
        difference.field === "text" ? difference.where : [],
      ),
    );
    for (const { kind, pathname, status, content } of artifacts) {
      const page = pages.find(
        ({ request }) => request.kind === kind && request.pathname === pathname,
      );
      if (page === undefined) continue;
      const [answer] = page.seeded;
      const { url } = page.request;
      counts[kind].of += 1;
      const isRedirect = status >= 300 && status < 400;
      // The runtime answers a payload request for a redirect with 200 and the location.
      const expected = isRedirect && kind === "rsc" ? 200 : status;
      // The build's file of a redirect of the Pages Router is for servers of static files.
      const isPages = page.request.route?.router === "pages";
      const hasBytes = (isPages && isRedirect) || answer.body.equals(content);
      const isSame = hasBytes && answer.status === expected;
      const cache = cacheState(answer);
      // Of such a page the build does not know the lifetime, so it is seeded stale.
      const isStale = isPages && typeof page.request.route?.revalidate !== "number";
      const isServed = cache === (isStale ? "STALE" : "HIT");
      if (this.#expect(isServed && isSame, `${url}: ${cache} ${answer.status}`)) {
        counts[kind].seen += 1;
      }
      if (kind !== "html" || isRedirect) continue;
      counts.content.of += 1;
      if (!textDiffers.has(url)) counts.content.seen += 1;
    }
    const { html, rsc, route, content } = counts;
    return { html, rsc, metadata: route, content };
  }

  /**
   * Seeds nothing any more: what was seeded is taken further.
   * @param {import("./matrix.js").Expectations} claims
   * @returns {Promise<Later>}
   */
  async #claimed(claims) {
    const plan = await planKvSeed({ root: this.root });
    this.#expect(
      (plan.skipped === undefined) === claims.proven,
      `without allowUnprovenRoutes: ${plan.skipped ?? "would be seeded"}`,
    );
    const isMetadataSeeded = this.comparison.pages.some(
      ({ request, seeded }) => request.kind === "route" && cacheState(seeded[0]) === "HIT",
    );
    this.#expect(isMetadataSeeded === claims.metadata, `metadata seeded: ${isMetadataSeeded}`);
    await this.#makeIsrStale();
    const worker = await startWranglerDev({
      root: this.root,
      persistTo: this.comparison.seededState,
    });
    try {
      await this.#dynamicPages(worker, claims);
      return {
        staleThenFresh: await this.#staleThenFresh(worker),
        query: await this.#queries(worker, claims),
        purgedByTag: await this.#purged(
          worker,
          "/tagged",
          { tag: "posts" },
          claims.purgesByUserTag,
        ),
        purgedByPath: await this.#purged(
          worker,
          "/blog/hello",
          { path: "/blog/[slug]", type: "page" },
          claims.purgesByPattern,
        ),
      };
    } finally {
      await worker.stop();
    }
  }

  /**
   * Pages that depend on who asks are not served from the cache, unless this version's manifest
   * cannot distinguish them.
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   * @param {import("./matrix.js").Expectations} claims
   */
  async #dynamicPages(worker, { proven }) {
    if (!proven) return;
    for (const user of ["alice", "bob"]) {
      const answer = await get(worker.url, this.#url("/dynamic"), { cookie: `user=${user}` });
      this.#expect(isFreshWith(answer, user), `/dynamic for ${user}: ${cacheState(answer)}`);
    }
    const answer = await get(worker.url, `${this.#url("/reads-query")}?q=zz`);
    this.#expect(isFreshWith(answer, "zz"), `/reads-query?q=zz: ${cacheState(answer)}`);
  }

  /**
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   * @param {import("./matrix.js").Expectations} claims
   */
  async #queries(worker, claims) {
    const seen = count();
    for (const { request, seeded } of this.comparison.pages) {
      const { kind, pathname, url } = request;
      const isHit = cacheState(seeded[0]) === "HIT" && seeded[0].status === 200;
      // The runtime itself has stored a proof with `/isr` by now.
      if (kind !== "html" || !isHit || pathname === "/isr") continue;
      const state = cacheState(await get(worker.url, `${url}?utm=1`));
      seen.of += 1;
      // What is forced to be static ignores queries, proven or not.
      const isClaimed = claims.query === "hit" || pathname === "/forced";
      // On a slow machine a page is stale by now, which is an answer from the cache too.
      const isCached = state === "HIT" || state === "STALE";
      if (this.#expect(isCached === isClaimed, `${pathname}?utm=1: ${state}`)) {
        seen.seen += 1;
      }
    }
    return seen;
  }

  /** Rewrites the entry of `/isr` as if it had been seeded two minutes ago, with a text of its own. */
  async #makeIsrStale() {
    const { namespaceId, seededState } = this.comparison;
    const api = await startLocalApi({
      root: this.root,
      persistTo: seededState,
      namespaceIds: [namespaceId],
      apiToken: TOKEN,
    });
    const base = `${api.baseUrl}/accounts/local/storage/kv/namespaces/${namespaceId}`;
    const headers = { authorization: `Bearer ${TOKEN}` };
    const read = async (/** @type {string} */ rest) =>
      /** @type {any} */ (await (await fetch(base + rest, { headers })).json());
    try {
      const { result } = await read("/keys");
      const names = result.map((/** @type {{ name: string }} */ { name }) => name);
      const key = names.find((/** @type {string} */ name) => name.endsWith(":/isr:html"));
      const entry = await read(`/values/${encodeURIComponent(key)}`);
      entry.lastModified -= AGE_MS;
      entry.revalidateAt -= AGE_MS;
      entry.value.html = entry.value.html.replace("Revalidated every minute", "Seeded long ago");
      const body = JSON.stringify([{ key, value: JSON.stringify(entry) }]);
      await fetch(`${base}/bulk`, { method: "PUT", headers, body });
    } finally {
      await api.close();
    }
  }

  /**
   * An entry that is past its revalidation is served stale, then rendered anew.
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   */
  async #staleThenFresh(worker) {
    const stale = await get(worker.url, this.#url("/isr"));
    const isStale = cacheState(stale) === "STALE" && shows(stale, "Seeded long ago");
    let fresh = stale;
    for (let waited = 0; waited < 10_000 && cacheState(fresh) === "STALE"; waited += 100) {
      await sleep(100);
      fresh = await get(worker.url, this.#url("/isr"));
    }
    const isFresh = cacheState(fresh) === "HIT" && shows(fresh, "every minute");
    const states = [stale, fresh].map(cacheState).join(", then ");
    return this.#expect(isStale && isFresh, `/isr: ${states}`);
  }

  /**
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   * @param {string} pathname
   * @param {Record<string, string>} what
   * @param {boolean} isClaimed
   */
  async #purged(worker, pathname, what, isClaimed) {
    await get(worker.url, `${this.#url("/api/purge")}?${new URLSearchParams(what)}`);
    const state = cacheState(await get(worker.url, this.#url(pathname)));
    const isPurged = state !== "HIT";
    const asked = Object.values(what).join(", ");
    this.#expect(isPurged === isClaimed, `${pathname} after revalidating ${asked}: ${state}`);
    return isPurged;
  }

  /**
   * The URL of a page, as the build's pages are requested.
   * @param {string} pathname
   */
  #url(pathname) {
    const { basePath = "", trailingSlash = false } = this.setup.nextConfig ?? {};
    const hasSlash = trailingSlash && !pathname.startsWith("/api/");
    return `${basePath}${pathname}${hasSlash ? "/" : ""}`;
  }

  /**
   * @param {boolean} holds
   * @param {string} problem
   */
  #expect(holds, problem) {
    if (!holds) this.#problems.push(problem);
    return holds;
  }
}

/** @returns {Count} */
function count() {
  return { seen: 0, of: 0 };
}

/**
 * @param {import("./compare/observe.js").Answer} answer
 * @param {string} text
 */
function isFreshWith(answer, text) {
  return cacheState(answer) !== "HIT" && shows(answer, text);
}

/**
 * @param {import("./compare/observe.js").Answer} answer
 * @param {string} text
 */
function shows({ body }, text) {
  return documentTexts(body.toString()).join(" ").includes(text);
}
