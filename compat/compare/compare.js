// Compares what a seeded Worker has and shows with what the same Worker writes and shows without seeding.

import { cpSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { planKvSeed, seedFromProject } from "../../index.js";
import { askReader } from "../../lib/reader.js";
import { targetOfProject } from "../../lib/wrangler/of-project.js";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";
import { answerDifferences } from "./answers.js";
import { entryDifferences } from "./entries.js";
import { isUnread, meantBecause } from "./expected.js";
import { ObservedNamespace, answersTo } from "./observe.js";
import { requestsOf } from "./requests.js";

const NEXT_CONFIG_READER = fileURLToPath(new URL("./next-config-reader.js", import.meta.url));

/** A namespace for a Worker that has none, so that its absence shows. */
const NO_NAMESPACE = "no-namespace";

/**
 * @typedef {object} CompareOptions
 * @property {string} root a project that is built
 * @property {string} scratch an empty directory
 * @property {string[]} [paths] of pages that the manifest does not list
 * @property {string} [basePath] default: the Next.js configuration's
 * @property {string} [env]
 * @property {string} [config]
 * @property {string} [binding]
 * @property {string} [namespaceId]
 */

/** @typedef {import("./entries.js").EntryDifference
 *   | import("./answers.js").AnswerDifference} Difference */

/**
 * @typedef {object} Comparison
 * @property {import("../../index.js").ProjectSeedResult} result of the seeding
 * @property {import("./answers.js").PageAnswers[]} pages
 * @property {Difference[]} differences that are bugs
 * @property {{ difference: Difference, id: string }[]} meant with what documents them
 * @property {string} namespaceId
 * @property {string} seededState the seeded state that no Worker has been at
 */

/**
 * @param {CompareOptions} options
 * @returns {Promise<Comparison>}
 */
export async function compareProject({ root, scratch, paths = [], basePath, ...target }) {
  const found = (await targetOfProject({ root, ...target, local: true })).target;
  const namespaceId = found.namespaceId ?? NO_NAMESPACE;
  const state = "persistTo" in found ? found.persistTo : path.join(root, ".wrangler", "state");
  const empty = path.join(scratch, "empty");
  await copyWithoutPages({ root, namespaceId, from: state, to: empty });

  const seededAt = Date.now();
  const seededState = path.join(scratch, "seeded");
  cpSync(empty, seededState, { recursive: true });
  const result = await seedFromProject({
    root,
    ...target,
    local: true,
    persistTo: seededState,
    // What is unproven is what is to be seen.
    allowUnprovenRoutes: true,
  });
  if (result.failure !== undefined) {
    throw new Error(`seeding failed (${result.failure.code}): ${result.failure.message}`);
  }
  const seededEntries = await reading({ root, namespaceId, persistTo: seededState }, (namespace) =>
    namespace.pages(),
  );

  const requests = requestsOf(root, { basePath: basePath ?? (await basePathOf(root)), paths });
  const documents = requests.filter(({ kind }) => !isNavigation(kind));
  const payloads = requests.filter(({ kind }) => isNavigation(kind));
  // A Worker that renders a document may write its payload too, and the other way round. Each goes
  // first once, so that every request is a first one in one of two empty namespaces.
  const run = (
    /** @type {string} */ name,
    /** @type {string} */ from,
    /** @type {Round[]} */ rounds,
  ) => {
    const persistTo = path.join(scratch, name);
    cpSync(from, persistTo, { recursive: true });
    return observed({ root, namespaceId, persistTo }, rounds);
  };
  const seeded = await run("served", seededState, [documents, payloads]);
  const worker = await run("documents-first", empty, [documents, payloads]);
  const control = await run("payloads-first", empty, [payloads, documents]);

  const pages = requests.map((request) => {
    // A page that is not seeded is answered as in the run with the same order of requests.
    const isReference = !isNavigation(request.kind) || !isSeeded(request, result);
    return {
      request,
      seeded: seeded.answers(request),
      worker: (isReference ? worker : control).answers(request),
      control: (isReference ? control : worker).answers(request),
      seededAt,
    };
  });
  const differences = [
    ...entryDifferences(seededEntries, [worker.entries, control.entries]),
    ...pages.flatMap(answerDifferences),
  ];
  const isProven = (await planKvSeed({ root })).skippedCode !== "unproven-routes";
  const classified = differences.map((difference) => ({
    difference,
    id: meantBecause(difference, { result, pages, isProven }),
  }));
  return {
    result,
    pages,
    differences: classified.flatMap(({ difference, id }) => (id === undefined ? difference : [])),
    meant: classified.flatMap(({ difference, id }) => (id === undefined ? [] : { difference, id })),
    namespaceId,
    seededState,
  };
}

/** @param {import("./requests.js").PageRequest["kind"]} kind */
function isNavigation(kind) {
  return kind === "rsc" || kind === "data";
}

/**
 * @param {import("./requests.js").PageRequest} request
 * @param {import("../../index.js").ProjectSeedResult} result
 */
function isSeeded({ route }, result) {
  const { skipped, routesSkipped } = result;
  if (skipped !== undefined || route === undefined || isUnread(result)) return false;
  const name = route.path ?? route.route;
  return !routesSkipped.some((one) => (one.path ?? one.route) === name);
}

/** @typedef {import("./requests.js").PageRequest[]} Round requests that are made twice over */
/** @typedef {{ root: string, namespaceId: string, persistTo: string }} Place */

/**
 * A copy of a project's local state, with everything that its Worker may need but cached pages.
 * @param {{ root: string, namespaceId: string, from: string, to: string }} copy
 */
async function copyWithoutPages({ root, namespaceId, from, to }) {
  if (existsSync(from)) cpSync(from, to, { recursive: true });
  else mkdirSync(to, { recursive: true });
  await reading({ root, namespaceId, persistTo: to }, (namespace) => namespace.deletePages());
}

/**
 * @template T
 * @param {Place} place
 * @param {(namespace: ObservedNamespace) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function reading(place, work) {
  const namespace = await ObservedNamespace.open(place);
  try {
    return await work(namespace);
  } finally {
    await namespace.close();
  }
}

/**
 * Runs the Worker and makes each round of requests twice.
 * @param {Place} place
 * @param {Round[]} rounds
 */
async function observed(place, rounds) {
  /** @typedef {Map<import("./requests.js").PageRequest, import("./observe.js").Answer>} Answers */
  /** @type {[Answers, Answers]} */
  const passes = [new Map(), new Map()];
  const [first, second] = passes;
  const request = async (
    /** @type {import("../../scripts/wrangler-dev.js").DevWorker} */ worker,
    /** @type {Round} */ round,
    /** @type {Answers} */ pass,
  ) => {
    for (const [asked, answer] of await answersTo(worker.url, round)) pass.set(asked, answer);
  };
  const entries = await reading(place, async (namespace) => {
    const worker = await startWranglerDev(place);
    /** @type {import("./entries.js").Entries} */
    const written = new Map();
    try {
      for (const round of rounds) {
        await request(worker, round, first);
        await namespace.settled();
        // A second request can delete an entry that the first has left.
        for (const [key, entry] of await namespace.pages()) {
          if (!written.has(key)) written.set(key, entry);
        }
        await request(worker, round, second);
      }
      return written;
    } finally {
      await worker.stop();
    }
  });
  return {
    entries,
    /**
     * @param {import("./requests.js").PageRequest} request
     * @returns {[first: import("./observe.js").Answer, second: import("./observe.js").Answer]}
     */
    answers: (request) => /** @type {[any, any]} */ (passes.map((pass) => pass.get(request))),
  };
}

/** @param {string} root */
async function basePathOf(root) {
  const answer = await askReader(NEXT_CONFIG_READER, [root], { cwd: root, env: process.env });
  if ("error" in answer) {
    throw new Error(`cannot read the Next.js configuration; pass --base-path: ${answer.error}`);
  }
  return answer.found.basePath;
}
