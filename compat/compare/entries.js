// What differs between the entries that were seeded and those that the Worker has written itself.

import { shownDifference, shownTexts } from "./shown.js";

/** @typedef {import("./observe.js").StoredEntry} StoredEntry */
/** @typedef {Map<string, StoredEntry>} Entries */

/**
 * @typedef {object} EntryDifference
 * @property {"entry"} of
 * @property {string} where the key
 * @property {string} field `key` if one of the two has no such entry
 * @property {unknown} seeded
 * @property {unknown} worker
 * @property {StoredEntry} [seededEntry]
 * @property {StoredEntry} [workerEntry]
 */

/** Members of a value that hold the page itself, and what they are to a visitor. */
const CONTENTS = /** @type {const} */ ({ html: "html", rscData: "rsc", body: "route" });

/** How exact times can be told: writing one entry after another takes a while. */
const TIME_TOLERANCE_SECONDS = 120;

/**
 * @param {Entries} seeded
 * @param {Entries[]} renders what the Worker has written, each time into an empty namespace
 * @returns {EntryDifference[]}
 */
export function entryDifferences(seeded, renders) {
  const keys = new Set([seeded, ...renders].flatMap((entries) => [...entries.keys()]));
  return [...keys].sort().flatMap((key) => {
    const seededEntry = seeded.get(key);
    const [workerEntry, control] = renders.flatMap((entries) => entries.get(key) ?? []);
    const known = { of: /** @type {const} */ ("entry"), where: key, seededEntry, workerEntry };
    if (seededEntry === undefined || workerEntry === undefined) {
      const [is, isNot] = ["written", "missing"];
      const isSeeded = seededEntry !== undefined;
      return [
        { ...known, field: "key", seeded: isSeeded ? is : isNot, worker: isSeeded ? isNot : is },
      ];
    }
    const fields = fieldDifferences(seededEntry, workerEntry, control ?? workerEntry);
    return fields.map((difference) => ({ ...known, ...difference }));
  });
}

/**
 * @param {StoredEntry} seeded
 * @param {StoredEntry} worker
 * @param {StoredEntry} control
 */
function fieldDifferences(seeded, worker, control) {
  /** @type {{ field: string, seeded: unknown, worker: unknown }[]} */
  const differences = [];
  /**
   * @param {string} field
   * @param {unknown} ours
   * @param {unknown} theirs
   */
  const compare = (field, ours, theirs) => {
    if (stable(ours) !== stable(theirs)) differences.push({ field, seeded: ours, worker: theirs });
  };
  const [ours, theirs] = [seeded.entry, worker.entry];
  for (const name of namesOf(ours.value ?? {}, theirs.value ?? {})) {
    const kind = CONTENTS[/** @type {keyof CONTENTS} */ (name)];
    const both = [ours.value?.[name], theirs.value?.[name]];
    if (kind !== undefined && both.every((part) => typeof part === "string")) {
      const parts = [...both, control.entry.value?.[name] ?? both[1]].map((part) =>
        shownTexts(kind, name === "html" ? Buffer.from(part) : Buffer.from(part, "base64")),
      );
      const [own = [], live = [], again = []] = parts;
      const difference = shownDifference(own, live, again);
      if (difference !== undefined) {
        const { missing, surplus } = difference;
        differences.push({ field: `value.${name}`, seeded: surplus, worker: missing });
      }
    } else if (name === "headers") {
      for (const header of namesOf(ours.value.headers ?? {}, theirs.value.headers ?? {})) {
        compare(
          `value.headers.${header}`,
          ours.value.headers?.[header],
          theirs.value.headers?.[header],
        );
      }
    } else {
      compare(`value.${name}`, both[0], both[1]);
    }
  }
  for (const name of namesOf(ours.cacheControl ?? {}, theirs.cacheControl ?? {})) {
    compare(`cacheControl.${name}`, ours.cacheControl?.[name], theirs.cacheControl?.[name]);
  }
  for (const name of namesOf(ours, theirs)) {
    if (["value", "cacheControl", "lastModified"].includes(name)) continue;
    if (["revalidateAt", "expireAt"].includes(name))
      compare(name, span(ours, name), span(theirs, name));
    else compare(name, ours[name], theirs[name]);
  }
  const [{ seed: record, ...metadata }, { seed: itsRecord, ...itsMetadata }] = [
    seeded.metadata ?? {},
    worker.metadata ?? {},
  ];
  compare("metadata", metadata, itsMetadata);
  compare("metadata.seed", record, itsRecord);
  const ttls = [seeded.ttlSeconds, worker.ttlSeconds];
  if (Math.abs((ttls[0] ?? Infinity) - (ttls[1] ?? Infinity)) > TIME_TOLERANCE_SECONDS) {
    differences.push({ field: "ttl", seeded: seconds(ttls[0]), worker: seconds(ttls[1]) });
  } else if ((ttls[0] === undefined) !== (ttls[1] === undefined)) {
    differences.push({ field: "ttl", seeded: seconds(ttls[0]), worker: seconds(ttls[1]) });
  }
  return differences;
}

/**
 * A time of an entry as a number of seconds: `revalidateAt` from now, to the next tolerance, `expireAt`
 * from `revalidateAt` exactly.
 * @param {any} entry
 * @param {string} name
 */
function span(entry, name) {
  const time = entry[name];
  if (typeof time !== "number") return time;
  if (name === "expireAt") return (time - (entry.revalidateAt ?? 0)) / 1000;
  const revalidate = entry.cacheControl?.revalidate;
  // Formats without `cacheControl` do not say how long the span was.
  if (typeof revalidate !== "number") return "a time";
  const age = revalidate - (time - Date.now()) / 1000;
  return age > -1 && age < 10 * TIME_TOLERANCE_SECONDS ? "revalidate from its writing" : time;
}

/** @param {number | undefined} ttl */
function seconds(ttl) {
  return ttl === undefined ? "none" : `${Math.round(ttl)} s`;
}

/**
 * @param {object} left
 * @param {object} right
 */
function namesOf(left, right) {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

/** @param {unknown} value */
function stable(value) {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}
