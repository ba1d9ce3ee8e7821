// What a visitor gets to see of an answer, as a list of texts.

import { flightTexts } from "./flight.js";

/**
 * @param {import("./requests.js").PageRequest["kind"]} kind
 * @param {Buffer} body
 * @returns {string[]}
 */
export function shownTexts(kind, body) {
  if (kind === "html") return documentTexts(body.toString());
  if (kind === "rsc") return flightTexts(body);
  return body
    .toString()
    .split(/(?<=>)|\n/u)
    .filter((text) => text.trim() !== "");
}

/**
 * The title and the text nodes of a document, in the state that its own scripts put it into.
 * @param {string} html
 * @returns {string[]}
 */
export function documentTexts(html) {
  return revealed(html)
    .replaceAll(/<!--.*?-->/gsu, "")
    .replaceAll(/<(script|style|template)\b.*?<\/\1>/gsu, "\n")
    .replaceAll(/<[^>]*>/gu, "\n")
    .split("\n")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

/**
 * React streams what was not ready behind the document, in hidden elements, and moves it to where its
 * fallback stands. How much comes so differs between two renders of one page.
 * @param {string} html
 */
function revealed(html) {
  let document = html;
  // A moved part can hold the place of another.
  for (let round = 0; round < 1000; round += 1) {
    const hidden = /<div hidden id="(S:[\da-f]+)">/u.exec(document);
    if (hidden === null) return document;
    const start = hidden.index + hidden[0].length;
    const end = endOfElement(document, start);
    const content = document.slice(start, end);
    const rest = document.slice(0, hidden.index) + document.slice(end + "</div>".length);
    const id = /** @type {string} */ (hidden[1]).slice("S:".length);
    const place = new RegExp(
      `<!--\\$\\??--><template id="B:${id}"></template>.*?<!--/\\$-->|<template id="P:${id}"></template>`,
      "su",
    );
    document = rest.replace(place, () => content);
  }
  return document;
}

/**
 * Where the `</div>` is that closes the one whose content begins at `start`.
 * @param {string} html
 * @param {number} start
 */
function endOfElement(html, start) {
  const tags = /<(\/?)div\b/gu;
  tags.lastIndex = start;
  let depth = 1;
  for (let tag = tags.exec(html); tag !== null; tag = tags.exec(html)) {
    depth += tag[1] === "" ? 1 : -1;
    if (depth === 0) return tag.index;
  }
  return html.length;
}

/**
 * Whether `seeded` shows what the Worker shows. What differs between two renders of the Worker itself,
 * such as the time of day, may differ here too.
 * @param {string[]} seeded
 * @param {string[]} worker
 * @param {string[]} control another render by the Worker
 * @returns {{ missing: string[], surplus: string[] } | undefined} what differs
 */
export function shownDifference(seeded, worker, control) {
  const stable = intersection(worker, control);
  const isVolatile = worker.length - stable.length;
  const missing = without(stable, seeded);
  const surplus = without(seeded, stable);
  if (missing.length === 0 && surplus.length === isVolatile) return undefined;
  return { missing, surplus };
}

/**
 * @param {string[]} left
 * @param {string[]} right
 */
function intersection(left, right) {
  const surplus = without(left, right);
  return without(left, surplus);
}

/**
 * @param {string[]} from
 * @param {string[]} taken each takes one away
 */
function without(from, taken) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const text of taken) counts.set(text, (counts.get(text) ?? 0) + 1);
  return from.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count < 1;
  });
}
