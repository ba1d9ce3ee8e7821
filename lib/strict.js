// Decides what `strict` treats as a failure, for every way to seed.

/** Reasons to do nothing that are not a failure. */
const NOTHING_TO_SEED = [
  "switched-off",
  "already-seeded",
  "nothing-seedable",
  "cdn-cache-configured",
  "data-adapter-is-not-kv",
];

/**
 * What `strict` fails on: seeding was skipped although there was something to do, or pages were
 * skipped because their render failed.
 * @param {Pick<import("../index.js").SeedResult, "skipped" | "skippedCode" | "skippedReasons">} result
 * @returns {{ code: string, message: string } | undefined}
 */
export function strictError({ skipped, skippedCode = "", skippedReasons }) {
  if (skipped !== undefined && !NOTHING_TO_SEED.includes(skippedCode)) {
    return { code: "SEEDING_SKIPPED", message: skipped };
  }
  const failed = skippedReasons.filter(({ code }) => code === "failed-render");
  const count = failed.reduce((total, reason) => total + reason.count, 0);
  if (count === 0) return undefined;
  const pages = count === 1 ? "1 page was" : `${count} pages were`;
  const message =
    `${pages} not seeded because the render failed during the build, ` +
    `${failed[0]?.example} for one; fix the error and build again`;
  return { code: "RENDERS_FAILED", message };
}
