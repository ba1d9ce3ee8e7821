// Chooses the faults of a run: one per request number, and some for the whole run.
//
// Faults do not depend on when a request arrives or what it contains, so a run can be repeated.

import type { Dice } from "./dice.js";

/** What happens to the pairs of a request. */
export type Stored = "all" | "some" | "none";

/** What happens to a request. */
export type Fault =
  /** None: it is forwarded, and the reply comes back, in some form and with some delay. */
  | { kind: "none"; delayMs: number; form: ReplyForm; closes: boolean }
  /** A reply that is not the API's; before it, all or some pairs may be stored. */
  | { kind: "reply"; name: string; stored: Stored; reply: Reply; readsBody: boolean }
  /** The connection is reset: at once, or after part of the body, or after the whole. */
  | { kind: "reset"; at: "head" | "body" | "reply"; stored: Stored; share: number }
  /** The reply ends too early, orderly or not. */
  | { kind: "cut"; share: number; isReset: boolean; form: ReplyForm }
  /** Some pairs are not stored, and named. */
  | { kind: "partial"; share: number; hasCount: boolean }
  /** All pairs are stored, and keys that were never sent are named as not stored. */
  | { kind: "foreign" }
  /** The reply comes before the body is read. The pairs are stored if the client sends all of them. */
  | { kind: "early"; share: number }
  /** All are stored, and the reply says so with a count or errors that contradict it. */
  | { kind: "contradiction"; body: string }
  /** No reply. The pairs may be stored before, or after the client has gone. */
  | { kind: "stall"; at: "body" | "reply"; stored: Stored; isLate: boolean };

export type ReplyForm = "length" | "chunks" | "close" | "trickle";

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What a request gets to, one after another. */
export type Gate = "head" | "stored" | "replied";

/** When the run is cancelled. */
export type Abort = { kind: "time"; ms: number } | { kind: "request"; number: number; gate: Gate };

/** When the build's manifest is replaced by another. */
export interface Replacement {
  number: number;
  gate: Gate;
}

/** What can happen to a request, and the next one may be fine. */
export const PASSING = [
  "throttled",
  "unavailable",
  "stored but unavailable",
  "reset",
  "cut",
  "partial",
  "foreign",
  "page",
  "stall",
  "early",
  "contradiction",
] as const;

/** What no request will survive. */
const FINAL = ["refusal", "rejection"] as const;

type Kind = (typeof PASSING | typeof FINAL)[number];

const HTML = "<!DOCTYPE html><html><head><title>Somebody else</title></head></html>";

export class Weather {
  /** The share of requests that something happens to. */
  readonly #rate: number;
  readonly #kinds: Kind[];
  readonly #dice: Dice;
  /** Bodies of more bytes get 413. */
  readonly maxBodyBytes: number;
  /** Requests from this number on find the quota used up. */
  readonly quotaFrom: number;
  /** What the request that crosses the quota stores. */
  readonly crossing: Stored;
  readonly quotaStatus: number;
  /** A share of the keys that no request may contain (400). */
  readonly poison: number;
  readonly abort: Abort | undefined;
  readonly replacement: Replacement | undefined;
  /** How many files the process may open; it has its usual number without this. */
  readonly openFiles: number | undefined;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#rate = dice.one([0, 0.1, 0.3, 0.3, 0.6, 0.9, 1]);
    const chosen = dice.some(PASSING);
    this.#kinds = chosen.length === 0 ? [...PASSING] : chosen;
    // What ends a run at once would hide the rest if it were as frequent.
    if (dice.chance(0.2)) this.#kinds.push(dice.one(FINAL));
    this.maxBodyBytes = dice.chance(0.25) ? dice.small(1_000, 400_000) : Infinity;
    this.quotaFrom = dice.chance(0.2) ? dice.small(0, 12) : Infinity;
    this.crossing = dice.one(["all", "some", "none"]);
    this.quotaStatus = dice.one([429, 400, 403]);
    this.poison = dice.chance(0.1) ? dice.one([0.05, 0.3, 1]) : 0;
    this.abort = dice.chance(0.2) ? makeAbort(dice) : undefined;
    const machine = dice.for("machine");
    this.replacement = machine.chance(0.08) ? makeReplacement(machine) : undefined;
    const isShort = process.platform !== "win32" && machine.chance(0.04);
    this.openFiles = isShort && !this.abort ? machine.whole(30, 60) : undefined;
  }

  fault(number: number): Fault {
    const dice = this.#dice.for(number);
    if (!dice.chance(this.#rate)) {
      const delayMs = dice.chance(0.2) ? dice.small(1, 150) : 0;
      return { kind: "none", delayMs, form: makeForm(dice), closes: dice.chance(0.1) };
    }
    return makeFault(dice, dice.one(this.#kinds));
  }

  describe(): string {
    // Infinity is no JSON.
    const numbers = { maxBodyBytes: `${this.maxBodyBytes}`, quotaFrom: `${this.quotaFrom}` };
    return JSON.stringify({ rate: this.#rate, kinds: this.#kinds, ...this, ...numbers });
  }
}

function makeAbort(dice: Dice): Abort {
  if (dice.chance(0.3)) return { kind: "time", ms: dice.small(0, 200) };
  return { kind: "request", number: dice.small(0, 10), gate: makeGate(dice) };
}

function makeReplacement(dice: Dice): Replacement {
  return { number: dice.small(0, 10), gate: makeGate(dice) };
}

function makeGate(dice: Dice): Gate {
  return dice.one(["head", "stored", "replied"] as const);
}

function makeForm(dice: Dice): ReplyForm {
  return dice.one(["length", "length", "chunks", "close", "trickle"] as const);
}

function makeFault(dice: Dice, kind: Kind): Fault {
  const stored = dice.one(["all", "some", "none"] as const);
  const share = dice.throw();
  // Gateways reply before they have read what they refuse.
  const readsBody = dice.chance(0.7);
  const refuse = (reply: Reply): Fault => {
    return { kind: "reply", name: kind, stored: "none", reply, readsBody };
  };
  switch (kind) {
    case "throttled":
      return refuse(throttled(dice));
    case "unavailable":
      return refuse(unavailable(dice, [408, 425, 500, 502, 503, 504, 520, 522, 524]));
    case "stored but unavailable":
      return {
        kind: "reply",
        name: kind,
        stored: dice.one(["all", "some"]),
        reply: unavailable(dice, [500, 502, 503, 504, 520, 522, 524]),
        readsBody: true,
      };
    case "page":
      return { kind: "reply", name: kind, stored, reply: page(dice), readsBody: true };
    case "refusal": {
      const status = dice.one([401, 403, 404, 302, 418]);
      return refuse({ status, headers: {}, body: envelope(status, "refused") });
    }
    case "rejection":
      return refuse({ status: 200, headers: {}, body: envelope(10022, "rejected") });
    case "reset":
      return { kind: "reset", at: dice.one(["head", "body", "reply"]), stored, share };
    case "cut":
      return { kind: "cut", share, isReset: dice.chance(0.5), form: makeForm(dice) };
    case "partial":
      return { kind: "partial", share, hasCount: dice.chance(0.7) };
    case "foreign":
      return { kind: "foreign" };
    case "early":
      return { kind: "early", share };
    case "contradiction":
      return { kind: "contradiction", body: contradiction(dice) };
    case "stall":
      return { kind, at: dice.one(["body", "reply", "reply"]), stored, isLate: dice.chance(0.5) };
  }
}

export function envelope(code: number, message: string): string {
  const errors = [{ code, message }];
  return JSON.stringify({ success: false, errors, messages: [], result: null });
}

function throttled(dice: Dice): Reply {
  const headers = dice.one<Reply["headers"]>([
    {},
    { "retry-after": "0" },
    { "retry-after": "0.03" },
    { "retry-after": "Thu, 01 Jan 2026 00:00:00 GMT" },
    { ratelimit: '"default";r=0;t=0', "retry-after": "0" },
    { ratelimit: '"default";r=900;t=120' },
  ]);
  const code = dice.one([971, 10429]);
  const status = dice.one([429, 429, 400, 503]);
  return { status, headers, body: envelope(code, "please wait") };
}

function unavailable(dice: Dice, statuses: number[]): Reply {
  const headers: Reply["headers"] = dice.chance(0.2) ? { "retry-after": "0.02" } : {};
  const error = envelope(10001, "internal error");
  const body = dice.one([HTML, "", error, '{"success":tr', "error code: 502"]);
  return { status: dice.one(statuses), headers, body };
}

function contradiction(dice: Dice): string {
  const success = { success: true, errors: [], messages: [], result: null };
  return JSON.stringify(
    dice.one<object>([
      { ...success, errors: [{ code: 10001, message: "partial failure" }] },
      { ...success, errors: "partial failure" },
      { ...success, result: { successful_key_count: 1_000_000 } },
      { ...success, result: { successful_key_count: -1 } },
      { ...success, result: { successful_key_count: "all", unsuccessful_keys: [] } },
      { ...success, result: { unsuccessful_keys: [null] } },
      { ...success, result: { unsuccessful_keys: "none" } },
    ]),
  );
}

function page(dice: Dice): Reply {
  const body = dice.one([HTML, "", "{}", '{"success":"true"}', "[true]", '{"success":true']);
  return { status: dice.one([200, 200, 202]), headers: { "content-type": "text/html" }, body };
}
