// `vinext-seed plan`: prints what seeding would write, where, and what it would cost. It writes
// nothing, and works without a token.

import { prerenderHint } from "../prerender-hint.js";
import { sanitize } from "../sanitized-text.js";
import { planKvSeed } from "../seed-kv-cache.js";
import { storeOfSite, storeWithConfig } from "../store-of-project.js";
import { readStore } from "../store.js";
import { strictError } from "../strict.js";
import { targetOfProject } from "../wrangler/of-project.js";
import { FAILED, OK } from "./exit-codes.js";
import { counted, number, rows, size, usd } from "./format.js";
import { callsOf, priceOf } from "./kv-prices.js";
import { planOptions, seedOptions } from "./seed-step.js";
import { place, skippedRoutes, skippedRows, whyNothing } from "./summary.js";

/**
 * Where entries would go, or what is missing.
 * @typedef {import("../wrangler/of-project.js").ProjectTarget["target"] | { store: string }} PlanTarget
 */

/**
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {AbortSignal} signal
 * @returns {Promise<number>}
 */
export async function planProject(root, options, printer, signal) {
  const { document, exitCode } = await planStep(root, options, printer, signal);
  printer.json(document);
  return exitCode;
}

/**
 * Makes a plan and prints it, except for the JSON document.
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 * @param {import("./printer.js").Printer} printer
 * @param {AbortSignal} signal
 * @returns {Promise<{ document: object, exitCode: number }>}
 */
export async function planStep(root, options, printer, signal) {
  const { site, cacheConfig: read } =
    options.store === undefined ? await storeOfSite({ ...seedOptions(root, options), signal }) : {};
  const { cacheConfig, target } =
    site !== undefined
      ? { cacheConfig: read, target: targetOfSite(site, root) }
      : options.store === undefined
        ? await targetOfProject({ ...seedOptions(root, options), signal }, read)
        : await storeTarget(root, options, signal);
  const plan = await planKvSeed(
    {
      ttlSeconds: site?.ttlSeconds,
      ...planOptions(root, options),
      ...(site === undefined ? {} : { store: site.store }),
      signal,
    },
    cacheConfig,
  );
  if (plan.skippedCode === "no-manifest") plan.skippedDetail ??= await prerenderHint(root, signal);
  const where = "code" in target ? { targetMissing: target } : { target: shown(target) };
  const isForStore = site !== undefined || options.store !== undefined;
  const document = {
    ...plan,
    ...where,
    ...(isForStore ? {} : { ...priceOf(plan.kvPairs, plan.bytes), calls: callsOf(plan.kvPairs) }),
  };
  for (const warning of plan.warnings) printer.warning(warning);
  const isUnsound = strictError(plan) !== undefined;
  if (plan.skipped !== undefined) {
    printer.warning(`nothing would be seeded ${whyNothing(plan)}`);
    return { document, exitCode: options.strict && isUnsound ? FAILED : OK };
  }
  const heading = `${counted(plan.routes, "page")} would be seeded; nothing was sent`;
  printer.result(text(plan, target, isForStore, printer), heading);
  return { document, exitCode: options.strict && ("code" in target || isUnsound) ? FAILED : OK };
}

/**
 * @param {import("../store-of-project.js").StoreOfSite} site
 * @param {string} root
 * @returns {PlanTarget}
 */
function targetOfSite({ store, skip }, root) {
  return skip ?? { store: readStore(store, root).shown };
}

/**
 * @param {string} root
 * @param {import("./arguments.js").CliOptions} options
 * @param {AbortSignal} signal
 * @returns {Promise<{ cacheConfig?: import("../cache-config.js").CacheConfig, target: PlanTarget }>}
 */
async function storeTarget(root, options, signal) {
  const place = { ...seedOptions(root, options), signal };
  const { shown: store, cacheConfig } = await storeWithConfig(options.store, place);
  return { cacheConfig, target: { store } };
}

/**
 * @param {import("../../index.js").SeedPlan} plan
 * @param {PlanTarget} target
 * @param {boolean} isForStore whether it is for another store than Workers KV
 * @param {import("./printer.js").Printer} printer
 */
function text(plan, target, isForStore, { isVerbose }) {
  const { kvPairs, bytes, batches, skippedReasons, largestEntries, runtime } = plan;
  const build = sanitize(plan.buildId);
  return [
    rows([
      ["where", "code" in target ? unknown(target) : place(shown(target))],
      ...(isVerbose && "tokenSource" in target
        ? [
            /** @type {[string, string]} */ (["account", target.accountSource]),
            /** @type {[string, string]} */ (["token", target.tokenSource]),
          ]
        : []),
      ["vinext", `${runtime?.vinext} (format ${runtime?.generation}), build ${build}`],
      ["writes", `${number(kvPairs)} (one for each entry), in ${counted(batches, "request")}`],
      ...budgetRow(plan),
      ...(isForStore ? [] : buildIdRow(plan)),
      ["bytes", size(bytes)],
      ...(isForStore ? [] : [...costs(kvPairs, bytes), ...callRows(kvPairs)]),
      ...skippedRows(skippedReasons),
    ]),
    "",
    "Largest entries",
    rows(largestEntries.map((entry) => [size(entry.bytes), sanitize(entry.key)])),
    ...(isVerbose && skippedReasons.length > 0 ? ["", "Skipped", ...skippedRoutes(plan)] : []),
  ].join("\n");
}

/**
 * What a budget of writes covers.
 * @param {import("../../index.js").SeedPlan} plan
 * @returns {[string, string][]}
 */
function budgetRow({ routes, kvPairs, routesWithinBudget, kvPairsWithinBudget }) {
  if (kvPairsWithinBudget === kvPairs) return [];
  const payloads = kvPairsWithinBudget - routesWithinBudget;
  return [
    [
      "budget",
      `${number(kvPairsWithinBudget)} writes: ${number(routesWithinBudget)} of ` +
        `${counted(routes, "page")}, ${number(payloads)} of them with their payload`,
    ],
  ];
}

/** vinext's build id without `generateBuildId` in next.config: a random UUID. */
const RANDOM_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u;

/**
 * What a random build id costs.
 * @param {import("../../index.js").SeedPlan} plan
 * @returns {[string, string][]}
 */
function buildIdRow({ buildId, kvPairs }) {
  if (buildId === undefined || !RANDOM_ID.test(buildId)) return [];
  return [
    [
      "build id",
      `random: each deploy writes all ${counted(kvPairs, "entry", "entries")}; with \`generateBuildId\` and ` +
        "`deploymentId` of the content, deploying the same content again writes none (docs/cost.md)",
    ],
  ];
}

/**
 * @param {number} writes
 * @param {number} bytes
 * @returns {[string, string][]}
 */
function costs(writes, bytes) {
  const { freePlan, paidPlan } = priceOf(writes, bytes);
  const share = (freePlan.shareOfDay * 100).toFixed(freePlan.shareOfDay < 0.1 ? 1 : 0);
  const isTooMuch = freePlan.shareOfDay > 1;
  return [
    [
      "free plan",
      `${share} % of the ${number(freePlan.dailyWrites)} writes of a day` +
        (isTooMuch ? ": too many, the rest would fail until 00:00 UTC" : ""),
    ],
    [
      "paid plan",
      `${number(paidPlan.includedMonthlyWrites)} writes a month are included; beyond, ` +
        `${usd(paidPlan.usdForWritesBeyond)}, and ` +
        `${usd(paidPlan.usdForStorageMonthBeyond)} a month for storage`,
    ],
  ];
}

/**
 * Operations besides writes.
 * @param {number} kvPairs
 * @returns {[string, string][]}
 */
function callRows(kvPairs) {
  const { lists, usdForLists, deletesShareOfDay, usdForDeletes } = callsOf(kvPairs);
  const days = Math.ceil(deletesShareOfDay);
  return [
    [
      "lists",
      `at most ${counted(lists, "call")} to find what is already stored (${usd(usdForLists)})`,
    ],
    [
      "deletes",
      `${number(kvPairs)} to prune them later: ${counted(days, "day")} on the free plan, ` +
        `${usd(usdForDeletes)} beyond the million a month of the paid one`,
    ],
  ];
}

/** @param {import("../wrangler/resolve.js").Missing} missing */
function unknown({ namespaceId, binding, reason }) {
  const known = [binding, namespaceId].filter((part) => part !== undefined).map(sanitize);
  return `${known.length === 0 ? "" : `${known.join(", ")}; `}the target is incomplete: ${reason}`;
}

/**
 * A target without the token.
 * @param {Exclude<PlanTarget, import("../wrangler/resolve.js").Missing>} target
 * @returns {import("../../index.js").SeedTarget}
 */
function shown(target) {
  if ("store" in target) return target;
  const { namespaceId, binding, configPath } = target;
  const where =
    "persistTo" in target ? { persistTo: target.persistTo } : { accountId: target.accountId };
  return { ...where, namespaceId, binding, configPath };
}
