// One setup of the matrix, from build to verdict, in real workerd.
//
// In: a setup. Out: what was seen, as counts and a list of problems.
// Never: our own rules for keys. What is requested are URLs; what is compared are headers, the
// build's files, and what the same Worker renders without anything seeded.

import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seedKvCache } from "../index.js";
import { startLocalApi } from "../lib/local-api/server.js";
import { prerenderedArtifacts } from "../scripts/build-output.js";
import { startWranglerDev } from "../scripts/wrangler-dev.js";
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
 * @property {Count} content documents whose visible content is what the Worker renders live
 * @property {Count} query requests with a query string that are answered as claimed
 * @property {Count} metadata
 * @property {boolean} staleThenFresh
 * @property {boolean} purgedByPath
 * @property {boolean} purgedByTag
 * @property {string[]} problems
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
    return await new Verification(setup, root, scratch).run();
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
   * @param {string} scratch
   */
  constructor(setup, root, scratch) {
    this.setup = setup;
    this.root = root;
    this.scratch = scratch;
    const { basePath = "", trailingSlash = false } = /** @type {any} */ (setup.nextConfig ?? {});
    this.basePath = basePath;
    this.trailingSlash = trailingSlash;
    const config = JSON.parse(readFileSync(path.join(root, "dist/server/wrangler.json"), "utf-8"));
    /** @type {string} */
    this.namespaceId = config.kv_namespaces[0].id;
  }

  /** @returns {Promise<Verdict>} */
  async run() {
    const persistTo = path.join(this.scratch, "seeded");
    const result = await this.#seed(persistTo);
    this.#expect(result.skipped === undefined, `seeding was skipped: ${result.skipped}`);
    const unproven = await this.#seedWithoutTheWord(path.join(this.scratch, "unproven"));
    this.#expect(
      unproven === this.setup.claims.proven,
      `without allowUnprovenRoutes it was ${unproven ? "seeded" : "skipped"}`,
    );
    const leftOut = new Set(result.routesSkipped.map(({ route, path }) => path ?? route));
    const all = prerenderedArtifacts(this.root);
    const artifacts = all.filter(({ pathname }) => !leftOut.has(pathname));
    this.#expect(
      artifacts.length === result.kvPairsUploaded,
      `${result.kvPairsUploaded} entries were stored, of ${artifacts.length} files`,
    );
    const later = path.join(this.scratch, "later");
    cpSync(persistTo, later, { recursive: true });
    const live = await this.#live(artifacts);
    const first = await this.#firstRequests(persistTo, artifacts, live);
    return {
      name: this.setup.name,
      generation: result.runtime?.generation ?? "?",
      ...first,
      ...(await this.#laterRequests(later, artifacts)),
      problems: this.#problems,
    };
  }

  /**
   * @param {string} persistTo
   * @param {object} [options]
   */
  async #seed(persistTo, options = { allowUnprovenRoutes: true }) {
    const api = await this.#api(persistTo);
    try {
      return await seedKvCache({
        root: this.root,
        accountId: "local",
        namespaceId: this.namespaceId,
        apiToken: TOKEN,
        apiBaseUrl: api.baseUrl,
        ...options,
      });
    } finally {
      await api.close();
    }
  }

  /** @param {string} persistTo */
  async #seedWithoutTheWord(persistTo) {
    return (await this.#seed(persistTo, {})).skipped === undefined;
  }

  /** @param {string} persistTo */
  #api(persistTo) {
    const { root, namespaceId } = this;
    return startLocalApi({ persistTo, namespaceIds: [namespaceId], apiToken: TOKEN, root });
  }

  /**
   * What the Worker shows without anything seeded, by URL.
   * @param {import("../scripts/build-output.js").PrerenderedArtifact[]} artifacts
   */
  async #live(artifacts) {
    return this.#serving(path.join(this.scratch, "live"), async (worker) => {
      const shown = new Map();
      for (const { kind, pathname } of artifacts) {
        if (kind !== "html") continue;
        shown.set(pathname, visible((await get(worker, this.#url(pathname))).body));
      }
      return shown;
    });
  }

  /**
   * @param {string} persistTo
   * @param {import("../scripts/build-output.js").PrerenderedArtifact[]} artifacts
   * @param {Map<string, string>} live
   */
  async #firstRequests(persistTo, artifacts, live) {
    const counts = { html: count(), rsc: count(), route: count(), content: count() };
    await this.#serving(persistTo, async (worker) => {
      for (const { kind, pathname, status, content } of artifacts) {
        const url = this.#url(pathname, kind);
        const answer = await get(worker, url);
        counts[kind].of += 1;
        const isRedirect = status >= 300 && status < 400;
        // The runtime answers a payload request for a redirect with 200 and the location.
        const expected = isRedirect && kind === "rsc" ? 200 : status;
        const isSame = answer.body.equals(content) && answer.status === expected;
        if (
          this.#expect(answer.cache === "HIT" && isSame, `${url}: ${answer.cache} ${answer.status}`)
        ) {
          counts[kind].seen += 1;
        }
        if (kind !== "html" || isRedirect) continue;
        counts.content.of += 1;
        const isLive = visible(answer.body) === live.get(pathname);
        if (this.#expect(isLive, `${url}: shows other content than a live render`)) {
          counts.content.seen += 1;
        }
      }
      await this.#nothingElse(worker);
    });
    const { html, rsc, route, content } = counts;
    this.#expect(route.of > 0 === this.setup.claims.metadata, `${route.of} metadata routes`);
    return { html, rsc, content, metadata: route };
  }

  /**
   * Pages that depend on who asks are not served from the cache, unless this version's manifest
   * cannot tell them apart.
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   */
  async #nothingElse(worker) {
    if (!this.setup.claims.proven) return;
    for (const user of ["alice", "bob"]) {
      const answer = await get(worker, this.#url("/dynamic"), { cookie: `user=${user}` });
      const isFresh = answer.cache !== "HIT" && visible(answer.body).includes(user);
      this.#expect(isFresh, `/dynamic for ${user}: ${answer.cache}`);
    }
    const answer = await get(worker, `${this.#url("/reads-query")}?q=zz`);
    const isFresh = answer.cache !== "HIT" && visible(answer.body).includes("zz");
    this.#expect(isFresh, `/reads-query?q=zz: ${answer.cache}`);
  }

  /**
   * What happens to seeded entries afterwards.
   * @param {string} persistTo
   * @param {import("../scripts/build-output.js").PrerenderedArtifact[]} artifacts
   */
  async #laterRequests(persistTo, artifacts) {
    await this.#makeIsrStale(persistTo);
    return this.#serving(persistTo, async (worker) => ({
      staleThenFresh: await this.#staleThenFresh(worker),
      query: await this.#queries(worker, artifacts),
      purgedByTag: await this.#purged(worker, "/tagged", { tag: "posts" }),
      purgedByPath: await this.#purged(worker, "/blog/hello", {
        path: "/blog/[slug]",
        type: "page",
      }),
    }));
  }

  /**
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   * @param {import("../scripts/build-output.js").PrerenderedArtifact[]} artifacts
   */
  async #queries(worker, artifacts) {
    const seen = count();
    for (const { kind, pathname, status } of artifacts) {
      // The runtime itself has stored a proof with `/isr` by now.
      if (kind !== "html" || status !== 200 || pathname === "/isr") continue;
      const answer = await get(worker, `${this.#url(pathname)}?utm=1`);
      seen.of += 1;
      // What is forced to be static ignores queries, proven or not.
      const isClaimed = this.setup.claims.query === "hit" || pathname === "/forced";
      const isAsClaimed = (answer.cache === "HIT") === isClaimed;
      if (this.#expect(isAsClaimed, `${pathname}?utm=1: ${answer.cache}`)) seen.seen += 1;
    }
    return seen;
  }

  /**
   * Rewrites the entry of `/isr` as if it had been seeded two minutes ago, with a text of its own.
   * @param {string} persistTo
   */
  async #makeIsrStale(persistTo) {
    const api = await this.#api(persistTo);
    const base = `${api.baseUrl}/accounts/local/storage/kv/namespaces/${this.namespaceId}`;
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
    const stale = await get(worker, this.#url("/isr"));
    const isStale = stale.cache === "STALE" && visible(stale.body).includes("Seeded long ago");
    let fresh = stale;
    for (let waited = 0; waited < 10_000 && fresh.cache === "STALE"; waited += 100) {
      await sleep(100);
      fresh = await get(worker, this.#url("/isr"));
    }
    const isFresh = fresh.cache === "HIT" && visible(fresh.body).includes("every minute");
    return this.#expect(isStale && isFresh, `/isr: ${stale.cache}, then ${fresh.cache}`);
  }

  /**
   * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
   * @param {string} pathname
   * @param {Record<string, string>} what
   */
  async #purged(worker, pathname, what) {
    await get(worker, `${this.#url("/api/purge")}?${new URLSearchParams(what)}`);
    const { cache } = await get(worker, this.#url(pathname));
    const isPurged = cache !== "HIT";
    const { purgesByPattern, purgesByUserTag } = this.setup.claims;
    const isClaimed = "path" in what ? purgesByPattern : purgesByUserTag;
    const asked = Object.values(what).join(", ");
    this.#expect(isPurged === isClaimed, `${pathname} after revalidating ${asked}: ${cache}`);
    return isPurged;
  }

  /**
   * @template T
   * @param {string} persistTo
   * @param {(worker: import("../scripts/wrangler-dev.js").DevWorker) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #serving(persistTo, work) {
    const worker = await startWranglerDev({ root: this.root, persistTo });
    try {
      return await work(worker);
    } finally {
      await worker.stop();
    }
  }

  /**
   * The URL that is answered with an artifact.
   * @param {string} pathname
   * @param {string} [kind]
   */
  #url(pathname, kind = "html") {
    const hasSlash = this.trailingSlash && kind !== "route" && !pathname.startsWith("/api/");
    const slash = hasSlash && !pathname.endsWith("/") ? "/" : "";
    return `${this.basePath}${pathname}${slash}${kind === "rsc" ? ".rsc" : ""}`;
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
 * @param {import("../scripts/wrangler-dev.js").DevWorker} worker
 * @param {string} url
 * @param {Record<string, string>} [headers]
 */
async function get(worker, url, headers = {}) {
  const response = await fetch(worker.url + url, { redirect: "manual", headers });
  const body = Buffer.from(await response.arrayBuffer());
  return { cache: response.headers.get("x-vinext-cache") ?? "-", status: response.status, body };
}

/**
 * What a visitor sees of a page: its `<main>`, else all of its text, apart from how the rendering cut
 * it into chunks and from what it leaves to the browser.
 * @param {Buffer} body
 */
function visible(body) {
  const html = body.toString().replaceAll(/<!-- -->|<!--\$.*?<!--\/\$-->/gsu, "");
  const main = /<main>(.*?)<\/main>/su.exec(html);
  return main?.[1] ?? html.replaceAll(/<(script|style)\b.*?<\/\1>|<[^>]*>/gsu, "");
}
