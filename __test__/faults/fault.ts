// One row of the fault table: what goes wrong, and the expected outcome.

import type { SeedOptions, SeedProgress } from "../../index.js";
import type { Script, ScriptedApi } from "../support/scripted-api.js";
import type { SeedError } from "../support/seed.js";

export interface Fault {
  /** What goes wrong. It names the test. */
  fault: string;
  /** What we do about it, for docs/reliability.md. */
  behaviour: string;
  /** Entries to seed, each a page of its own; 4 unless told otherwise. */
  entries?: number;
  /** Bytes of each page; 1 unless told otherwise. */
  pageBytes?: number;
  options?: Partial<SeedOptions>;
  script: Script;
  /** When the run is aborted: a moment after so many requests have arrived, or in a pause. */
  abortAfter?: { requests: number } | "a pause has begun";
  expected: Expected;
  /** What the row is about, besides the numbers. */
  check?: (run: Run) => void;
}

export interface Expected {
  /** Entries that the report says are stored. */
  stored: number;
  /** Entries with an unknown outcome. */
  inDoubt?: number;
  /** The error's code; without it the promise resolves. */
  code?: string;
  status?: number;
  cloudflareCodes?: number[];
  /** Requests that reach the API: a number, or the fewest and the most. */
  requests: number | [number, number];
  /** The longest it may take. */
  seconds: number;
}

/** A run of a row. */
export interface Run {
  api: ScriptedApi;
  error?: SeedError;
  events: SeedProgress[];
  milliseconds: number;
}

/** The key of the entry of page number `index`, as the rows build them. */
export function keyOf(index: number): string {
  return `cache:app:v2:5c1f0e2d-3a4b-4c5d-8e6f-708192a3b4c5:/p${index}:html`;
}

/** So many times the same. */
export function times<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}
