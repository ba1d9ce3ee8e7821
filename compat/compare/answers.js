// What differs between what a seeded Worker answers and what the same Worker answers unseeded.

import { shownDifference, shownTexts } from "./shown.js";

/** @typedef {import("./observe.js").Answer} Answer */

/**
 * The answers to one request.
 * @typedef {object} PageAnswers
 * @property {import("./requests.js").PageRequest} request
 * @property {[first: Answer, second: Answer]} seeded
 * @property {[first: Answer, second: Answer]} worker unseeded, the first from an empty cache
 * @property {[first: Answer, second: Answer]} control unseeded too, in another order of requests
 * @property {number} seededAt in milliseconds
 */

/**
 * @typedef {object} AnswerDifference
 * @property {"answer"} of
 * @property {string} where the URL
 * @property {string} field
 * @property {unknown} seeded
 * @property {unknown} worker
 * @property {PageAnswers} page
 */

/** Headers of the connection, not of the answer. */
const TRANSPORT = ["connection", "content-length", "date", "keep-alive", "transfer-encoding"];

/**
 * @param {PageAnswers} page
 * @returns {AnswerDifference[]}
 */
export function answerDifferences(page) {
  const { request, seeded, worker, control } = page;
  /** @type {Omit<AnswerDifference, "of" | "where" | "page">[]} */
  const differences = [];
  const revalidate = request.route?.revalidate;
  const states = (/** @type {Answer[]} */ answers, /** @type {number} */ renderedAt) =>
    answers.map((answer) => stateWithoutAge(answer, renderedAt, revalidate)).join(", then ");
  const [ours, theirs] = [states(seeded, page.seededAt), states(worker, worker[0].receivedAt)];
  if (ours !== theirs) differences.push({ field: "cache", seeded: ours, worker: theirs });
  for (const at of /** @type {const} */ ([0, 1])) {
    const statuses = { seeded: seeded[at].status, worker: worker[at].status };
    if (statuses.seeded !== statuses.worker) {
      differences.push({ field: `status of request ${at + 1}`, ...statuses });
    }
  }
  differences.push(...headerDifferences(page));
  const [own, live, again] = [seeded[0], worker[0], control[0]].map(({ body }) =>
    shownTexts(request.kind, body),
  );
  const shown = shownDifference(own ?? [], live ?? [], again ?? []);
  if (shown !== undefined) {
    differences.push({ field: "text", seeded: shown.surplus, worker: shown.missing });
  }
  return differences.map((difference) => ({
    of: "answer",
    where: request.url,
    page,
    ...difference,
  }));
}

/** @param {Answer} answer */
export function cacheState({ headers }) {
  return headers.find(([name]) => name === "x-vinext-cache")?.[1] ?? "-";
}

/**
 * What the cache says, where a page that has only become old counts as what it was.
 * @param {Answer} answer
 * @param {number} renderedAt
 * @param {number | false | null} [revalidate]
 */
function stateWithoutAge(answer, renderedAt, revalidate) {
  const state = cacheState(answer);
  const isOld =
    typeof revalidate === "number" && answer.receivedAt - renderedAt > revalidate * 1000;
  return state === "STALE" && isOld ? "HIT" : state;
}

/**
 * A seeded answer is held against the Worker's own HIT, if there is one, else against its first answer.
 * @param {PageAnswers} page
 */
function headerDifferences({ seeded, worker, control }) {
  const [cold, warm] = worker;
  const theirs = byName(cacheState(warm) === cacheState(seeded[0]) ? warm : cold);
  const [first, second, again, ...others] = [...seeded, warm, cold, ...control].map(byName);
  const differences = [];
  for (const name of new Set([...(first?.keys() ?? []), ...theirs.keys()])) {
    const of = (/** @type {Map<string, string[]> | undefined} */ headers) =>
      JSON.stringify(headers?.get(name) ?? []);
    const field = `header ${name}`;
    const [ours, live] = [first?.get(name) ?? [], theirs.get(name) ?? []];
    const isVolatile = others.some((headers) => of(headers) !== of(again));
    if (of(first) === of(theirs)) continue;
    if (!isVolatile || ours.length !== live.length) {
      differences.push({ field, seeded: ours, worker: live });
    } else if (of(first) === of(second) && of(again) !== of(others[0])) {
      // The Worker says something else every time, the seeded one always the same.
      differences.push({ field: `${field}, frozen`, seeded: ours, worker: live });
    }
  }
  return differences;
}

/** @param {Answer} answer */
function byName({ headers }) {
  /** @type {Map<string, string[]>} */
  const values = new Map();
  for (const [name, value] of headers) {
    if (!TRANSPORT.includes(name)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}
