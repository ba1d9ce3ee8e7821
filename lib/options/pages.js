// The options of pages that a caller passes in.

const SEEDING_PAGES = /** @type {const} */ (["seedKvCache", "seedCache", "seedCacheHandler"]);

/** @type {import("./option.js").OptionRow[]} */
export const PAGES_OPTIONS = [
  {
    name: "pages",
    kind: "pages",
    of: SEEDING_PAGES,
    default: "those of the build in `root`",
    doc: "pages to seed instead: an iterable or async iterable, see [stores.md](stores.md#pages-of-your-own)",
  },
  {
    name: "buildId",
    kind: "text",
    of: SEEDING_PAGES,
    default: "that of the build in `root`",
    doc: "with `pages`: the build id of the site that reads them",
  },
  {
    name: "trailingSlash",
    kind: "boolean",
    of: SEEDING_PAGES,
    default: "as the build says, else `false`",
    doc: "with `pages`: whether the site has `trailingSlash`",
  },
];
