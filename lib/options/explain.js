// The options of `explainRoute`, except `appPrefix` and `runtime`.

const EXPLAIN = /** @type {const} */ (["explainRoute"]);

/** @type {import("./option.js").OptionRow[]} */
export const EXPLAIN_OPTIONS = [
  {
    name: "route",
    kind: "text",
    mayBeEmpty: true,
    of: EXPLAIN,
    requiredBy: EXPLAIN,
    doc: "the route's pattern, as in the manifest: `/blog/:slug`",
  },
  {
    name: "path",
    kind: "text",
    mayBeEmpty: true,
    of: EXPLAIN,
    default: "the pattern",
    doc: "its concrete path, percent-encoded as in the manifest",
  },
  {
    name: "buildId",
    kind: "text",
    mayBeEmpty: true,
    of: EXPLAIN,
    requiredBy: EXPLAIN,
    doc: "the Worker's build id",
  },
  {
    name: "locale",
    kind: "text",
    mayBeEmpty: true,
    of: EXPLAIN,
    default: "none",
    doc: "its locale, if the Pages Router serves it on a site with several",
  },
  {
    name: "trailingSlash",
    kind: "boolean",
    of: EXPLAIN,
    doc: "whether the site's URLs end in a slash",
  },
];
