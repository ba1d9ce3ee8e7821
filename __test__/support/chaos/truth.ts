// Lists every statement of a report that the namespace contradicts.
//
// There is no tolerance: only entries that the report itself calls uncertain may be stored or not.

import type { SeedResult } from "../../../index.js";
import type { Build } from "./builds.js";
import type { Content } from "./namespace.js";

/** What a run ended with. */
export interface Ending {
  /** The error's code; `undefined` for a promise that resolved. */
  code?: string;
  report: SeedResult;
}

/** Codes that end a run for a reason other than entries that are not stored. */
const ENDS_EARLY = new Set([
  "ABORT_ERR",
  "ARTIFACTS_UNREADABLE",
  "MANIFEST_CHANGED",
  "OUT_OF_RESOURCES",
]);

export function untruths(build: Build, { code, report }: Ending, stored: Content): string[] {
  const found: string[] = [];
  const same = (what: string, reported: unknown, actual: unknown) => {
    if (reported !== actual)
      found.push(`${what}: reported ${String(reported)}, actual ${String(actual)}`);
  };
  const none = (what: string, keys: Iterable<string>, unless: (key: string) => boolean) => {
    const all = [...keys].filter((key) => !unless(key));
    if (all.length > 0) found.push(`${what}: ${all.length}, such as ${all[0]}`);
  };

  const reached = build.keys.slice(0, report.routes - report.routesNotReached);
  const planned = new Set(reached.flat());
  const lost = report.notStored.flatMap(({ keys }) => keys);
  const doubts = report.notStored.filter(({ mayBeStored }) => mayBeStored);
  const doubtful = new Set(doubts.flatMap(({ keys }) => keys));
  const notStored = new Set(lost);
  const certain = new Set([...planned].filter((key) => !notStored.has(key)));

  none("entries that were not planned and are stored", stored.keys(), (key) => planned.has(key));
  none("entries that are stored by the report only", certain, (key) => stored.has(key));
  none(
    "entries that are stored, and by the report certainly not",
    notStored,
    (key) => doubtful.has(key) || !stored.has(key),
  );
  none("entries that are reported as not stored but were never planned", lost, (key) =>
    planned.has(key),
  );
  none(
    "entries with another content than without faults",
    stored.keys(),
    (key) => stored.get(key) === build.content.get(key),
  );

  same("entries that are not stored, each once", lost.length, notStored.size);
  same("kvPairsNotStored", report.kvPairsNotStored, lost.length);
  same("kvPairsPlanned", report.kvPairsPlanned, planned.size);
  same("kvPairsUploaded", report.kvPairsUploaded, certain.size);
  const seeded = reached.filter(([main]) => main !== undefined && certain.has(main));
  same("seededRoutes", report.seededRoutes, seeded.length);
  const skipped = report.routesSkipped.map(({ route, path }) => path ?? route);
  const leftOut = reached.filter((keys) => keys.length === 0).length;
  same("routesSkipped", skipped.join(" "), build.skipped.slice(0, leftOut).join(" "));

  if (code === undefined || !ENDS_EARLY.has(code)) {
    same("routes", report.routes, build.keys.length);
    same("routesNotReached", report.routesNotReached, 0);
    same("the error's code", code, report.notStored[0]?.code);
  }
  return found;
}
