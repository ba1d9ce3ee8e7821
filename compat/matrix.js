// Which real vinext builds the seeder is proven with, and what is claimed for each.
//
// In: nothing. Out: data. Never: a claim that the run does not check.

/**
 * @typedef {object} Setup
 * @property {string} name
 * @property {string} packages the directory whose installed packages are used, relative to the
 *   repository
 * @property {string} style the folder of `styles/` with the project's configuration
 * @property {string[]} zoo the folders of `zoo/` with the project's pages
 * @property {object} [nextConfig]
 * @property {Claims} claims
 */

/**
 * What a version can do with seeded pages.
 * @typedef {object} Claims
 * @property {boolean} proven whether it may be seeded without `allowUnprovenRoutes`
 * @property {boolean} readsStaticPages
 * @property {"hit" | "miss"} query what `/page?q=1` is
 * @property {boolean} metadata whether metadata routes are seeded
 * @property {boolean} purgesByPattern whether `revalidatePath("/blog/[slug]", "page")` purges a post;
 *   up to 0.0.45 the runtime's own tags are those of concrete paths
 * @property {boolean} purgesByUserTag whether the manifest lists the tags that pages give themselves
 */

/** @type {Claims} */
const OLDEST = {
  proven: false,
  readsStaticPages: false,
  query: "hit",
  metadata: false,
  purgesByPattern: false,
  purgesByUserTag: false,
};
/** @type {Claims} */
const OLD = { ...OLDEST, readsStaticPages: true, purgesByPattern: true };
/** @type {Claims} */
const PROVEN = { ...OLD, proven: true };
/** @type {Claims} */
const NEWEST = { ...PROVEN, metadata: true, purgesByUserTag: true };

const BASE = ["base"];
const ALL = ["base", "metadata", "status", "index-page"];
const NEXT_1_4 = { packages: "example", style: "adapter-prerender", zoo: ALL, claims: NEWEST };

/** @type {Setup[]} */
export const MATRIX = [
  {
    name: "0.0.38",
    packages: "compat/versions/0.0.38",
    style: "worker",
    zoo: BASE,
    claims: OLDEST,
  },
  { name: "0.0.55", packages: "compat/versions/0.0.55", style: "worker", zoo: BASE, claims: OLD },
  {
    name: "0.1.8",
    packages: "compat/versions/0.1.8",
    style: "worker",
    zoo: BASE,
    claims: { ...OLD, query: "miss" },
  },
  { name: "0.2.1", packages: "compat/versions/0.2.1", style: "adapter", zoo: BASE, claims: PROVEN },
  {
    name: "1.0.0-beta.3",
    packages: "compat/versions/1.0.0-beta.3",
    style: "adapter",
    zoo: BASE,
    claims: PROVEN,
  },
  {
    name: "1.0.0-beta.5",
    packages: "compat/versions/1.0.0-beta.5",
    style: "adapter",
    zoo: ["base", "index-page"],
    claims: { ...PROVEN, purgesByUserTag: true },
  },
  {
    name: "1.0.0-beta.10",
    packages: "compat/versions/1.0.0-beta.10",
    style: "adapter",
    zoo: ["base", "metadata"],
    claims: NEWEST,
  },
  { name: "1.4.0", ...NEXT_1_4 },
  { name: "1.4.0 with trailingSlash", ...NEXT_1_4, nextConfig: { trailingSlash: true } },
  { name: "1.4.0 with basePath", ...NEXT_1_4, nextConfig: { basePath: "/docs" } },
  {
    name: "1.4.0 with adapter 0.2.1",
    ...NEXT_1_4,
    packages: "compat/versions/1.4.0-adapter-0.2.1",
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
