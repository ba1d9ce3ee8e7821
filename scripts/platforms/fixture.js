// The build that every platform seeds, and what has to be in KV afterwards.

import { readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ROOT } from "../release/targets.js";

export const FIXTURE = path.join(
  ROOT,
  "crates",
  "vinext-seed",
  "tests",
  "data",
  "fixtures",
  "1.4.0",
);

const TOKEN = "local";

/** What the seeding is told, besides where to. */
const OPTIONS = { runtime: { vinext: "1.4.0" }, accountId: "any", apiToken: TOKEN };

/** Besides the pages, a run stores which keys the build has. */
const BUILD_RECORDS = "vinext-seed:build:";

/** @typedef {{ baseUrl: string, namespaceId: string }} Place */

export const LOCAL_API = { apiToken: TOKEN };

/**
 * @param {Place} place
 * @param {string} root the fixture's path, as the platform writes it
 * @returns {string} the argument of `seed-child.js`
 */
export function seedArgument({ baseUrl, namespaceId }, root) {
  return JSON.stringify({ ...OPTIONS, root, apiBaseUrl: baseUrl, namespaceId });
}

/**
 * Reads the whole namespace, and compares every entry.
 * @param {Place} place
 * @returns {Promise<{ equal: number, problems: string[] }>}
 */
export async function compareStored(place) {
  const { pairs } = JSON.parse(readFileSync(path.join(FIXTURE, "expected-pairs.json"), "utf-8"));
  const { result: listed } = JSON.parse(await read(place, "/keys?limit=1000"));
  const stored = new Set(listed.map((/** @type {{ name: string }} */ { name }) => name));
  const problems = [];
  let equal = 0;
  for (const { key, value } of pairs) {
    if (!stored.delete(key)) {
      problems.push(`${key} is missing`);
      continue;
    }
    const found = await read(place, `/values/${encodeURIComponent(key)}`);
    if (isDeepStrictEqual(withoutTimes(found), withoutTimes(value))) equal++;
    else problems.push(`${key} has another value`);
  }
  const records = [...stored].filter((key) => key.startsWith(BUILD_RECORDS));
  if (records.length !== 1) problems.push(`${records.length} records of the build`);
  for (const key of records) stored.delete(key);
  for (const key of stored) problems.push(`${key} is not expected`);
  return { equal, problems };
}

/**
 * An entry without the times that follow from when it was seeded.
 * @param {string} text
 */
function withoutTimes(text) {
  const entry = JSON.parse(text);
  for (const name of ["lastModified", "revalidateAt", "expireAt"]) {
    if (typeof entry[name] === "number") entry[name] = "a time";
  }
  return entry;
}

/**
 * @param {Place} place
 * @param {string} rest
 */
async function read({ baseUrl, namespaceId }, rest) {
  const url = `${baseUrl}/accounts/any/storage/kv/namespaces/${namespaceId}${rest}`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  return reply.text();
}
