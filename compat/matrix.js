// Which real vinext builds the seeder is proven with, and what is claimed for each.

/**
 * @typedef {object} Setup
 * @property {string} name
 * @property {string} packages the directory whose installed packages are used, relative to the
 *   repository
 * @property {string} style the folder of `styles/` with the project's configuration
 * @property {string[]} zoo the folders of `zoo/` with the project's pages
 * @property {{ basePath?: string, trailingSlash?: boolean }} [nextConfig] instead of the zoo's own
 * @property {string[]} [paths] of pages that no manifest lists, such as sources of rewrites
 * @property {string} [skipped] the code with which nothing is to be seeded
 * @property {Expectations} [claims] for setups with the zoo's base; others are compared, and no more
 */

/**
 * What a version can do with seeded pages.
 * @typedef {object} Expectations
 * @property {boolean} proven whether it may be seeded without `allowUnprovenRoutes`
 * @property {"hit" | "miss"} query what `/page?q=1` is
 * @property {boolean} metadata whether metadata routes are seeded
 * @property {boolean} purgesByPattern whether `revalidatePath("/blog/[slug]", "page")` purges a post;
 *   up to 0.0.45 the runtime's own tags are those of concrete paths
 * @property {boolean} purgesByUserTag whether the manifest lists the tags that pages give themselves
 */

/** @type {Expectations} */
const OLDEST = {
  proven: false,
  query: "hit",
  metadata: false,
  purgesByPattern: false,
  purgesByUserTag: false,
};
/** @type {Expectations} */
const OLD = { ...OLDEST, purgesByPattern: true };
/** @type {Expectations} */
const QUERY_UNREAD = { ...OLD, query: "miss" };
/** @type {Expectations} */
const PROVEN = { ...OLD, proven: true };
/** @type {Expectations} */
const TAGGED = { ...PROVEN, purgesByUserTag: true };
/** @type {Expectations} */
const NEWEST = { ...TAGGED, metadata: true };

/**
 * What every version can build. Up to 0.0.38 a page that fails ends the build, and intercepting routes
 * are refused.
 */
const OLD_PAGES = ["base"];
const PAGES = [...OLD_PAGES, "errors", "slots", "commas"];
const NEWEST_PAGES = [...PAGES, "metadata", "metadata-ends", "status", "index-page"];

/**
 * @param {string} version
 * @param {string} style
 * @param {Expectations} claims
 * @param {string[]} [zoo]
 * @returns {Setup}
 */
function released(version, style, claims, zoo = PAGES) {
  return { name: version, packages: `compat/versions/${version}`, style, zoo, claims };
}

const NEXT_1_4 = {
  packages: "example",
  style: "adapter-prerender",
  zoo: NEWEST_PAGES,
  claims: NEWEST,
};
const SMALL_1_4 = { packages: "example", style: "adapter-prerender" };
const INTL = { packages: "compat/versions/1.4.0-next-intl", style: "adapter-prerender" };

/** @type {Setup[]} */
export const MATRIX = [
  released("0.0.35", "worker", OLDEST, OLD_PAGES),
  released("0.0.38", "worker", OLDEST, OLD_PAGES),
  released("0.0.45", "worker", OLDEST, OLD_PAGES),
  released("0.0.50", "worker", OLD, OLD_PAGES),
  released("0.0.55", "worker", OLD, OLD_PAGES),
  released("0.1.1", "worker", QUERY_UNREAD, OLD_PAGES),
  released("0.1.8", "worker", QUERY_UNREAD, OLD_PAGES),
  released("0.2.0", "adapter", QUERY_UNREAD, OLD_PAGES),
  released("0.2.1", "adapter", PROVEN),
  released("1.0.0-beta.0", "adapter", PROVEN),
  released("1.0.0-beta.1", "adapter", PROVEN),
  released("1.0.0-beta.2", "adapter", PROVEN),
  released("1.0.0-beta.3", "adapter", PROVEN),
  released("1.0.0-beta.4", "adapter", TAGGED),
  released("1.0.0-beta.5", "adapter", TAGGED, [...PAGES, "index-page"]),
  released("1.0.0-beta.8", "adapter", NEWEST, [...PAGES, "metadata"]),
  released("1.0.0-beta.9", "adapter", NEWEST, [...PAGES, "metadata"]),
  released("1.0.0-beta.10", "adapter", NEWEST, [...PAGES, "metadata"]),
  { name: "1.4.0", ...NEXT_1_4 },
  { name: "1.4.0 with trailingSlash", ...NEXT_1_4, nextConfig: { trailingSlash: true } },
  { name: "1.4.0 with basePath", ...NEXT_1_4, nextConfig: { basePath: "/docs" } },
  {
    name: "1.4.0 with adapter 0.2.1",
    ...NEXT_1_4,
    packages: "compat/versions/1.4.0-adapter-0.2.1",
  },
  {
    name: "1.4.0 with middleware that sets headers",
    ...SMALL_1_4,
    zoo: ["small", "metadata", "status", "middleware"],
  },
  {
    name: "1.4.0 with headers and rewrites",
    ...SMALL_1_4,
    zoo: ["small", "metadata", "config"],
    paths: ["/before", "/after", "/posts/hello", "/sometimes", "/fallback"],
  },
  { name: "1.4.0 with cacheComponents", ...SMALL_1_4, zoo: ["cache-components"] },
  { name: "1.4.0 with Pages Router and i18n", ...SMALL_1_4, zoo: ["small", "hybrid"] },
  {
    name: "1.4.0 with only a Pages Router",
    packages: "example",
    style: "pages-router",
    zoo: ["pages", "pages-home"],
    paths: ["/not-there"],
  },
  { name: "1.4.0 with a Worker of its own", ...SMALL_1_4, style: "own-worker", zoo: ["small"] },
  {
    name: "1.4.0 with a Worker that passes no env",
    ...SMALL_1_4,
    style: "own-worker-without-env",
    zoo: ["small"],
  },
  {
    name: "1.4.0 without a cache adapter",
    ...SMALL_1_4,
    style: "no-adapter",
    zoo: ["small"],
    skipped: "kv-not-read",
  },
  {
    name: "1.4.0 with cache.cdn",
    ...SMALL_1_4,
    style: "cdn",
    zoo: ["small"],
    // With it nothing is pre-rendered, so the manifest lists none of them.
    paths: ["/", "/isr"],
    skipped: "cdn-cache-configured",
  },
  { name: "1.4.0 with next-intl, always", ...INTL, zoo: ["intl", "intl-always"] },
  {
    name: "1.4.0 with next-intl, as-needed",
    ...INTL,
    zoo: ["intl", "intl-as-needed"],
    paths: ["/", "/about"],
  },
  {
    name: "1.4.0 with next-intl, never",
    ...INTL,
    zoo: ["intl", "intl-never"],
    // The middleware redirects the build's requests for `/en`, so the build renders no page.
    skipped: "nothing-seedable",
    paths: ["/", "/about"],
  },
];

/**
 * @param {string} name
 * @returns {Setup}
 */
export function setupNamed(name) {
  const setup = MATRIX.find((one) => one.name === name);
  if (setup === undefined) throw new Error(`no setup "${name}" in the matrix`);
  return setup;
}
