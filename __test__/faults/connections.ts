// Connections that break, stall or are never established.

import { expect } from "vitest";
import { times, type Fault } from "./fault.js";

export const BROKEN: Fault[] = [
  {
    fault: "a reset before the body is read",
    behaviour: "retried",
    script: [{ reset: "before the body" }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "resets in the middle of a large upload",
    behaviour: "retried, from the second time on in smaller requests",
    entries: 600,
    pageBytes: 20_000,
    options: { concurrency: 1, maxBatchBytes: 100_000_000 },
    script: times(2, { reset: "in the body" }),
    expected: { stored: 600, requests: [4, 5], seconds: 10 },
  },
  {
    fault: "a reset after the body, before the reply",
    behaviour: "retried: storing an entry twice does no harm",
    script: [{ reset: "before the reply", stores: true }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "a reset in the middle of the reply",
    behaviour: "retried",
    script: [{ reset: "in the reply", stores: true }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "a reset of every connection",
    behaviour: "fails after 8 attempts; reported as possibly stored",
    script: () => ({ reset: "before the reply", stores: true }),
    expected: { stored: 0, inDoubt: 4, code: "NETWORK_ERROR", requests: 8, seconds: 5 },
  },
  {
    fault: "a connection that is closed after every reply",
    behaviour: "opens a new connection for each request",
    options: { maxBatchPairs: 1, concurrency: 1 },
    script: () => ({ headers: { connection: "close" } }),
    expected: { stored: 4, requests: 4, seconds: 5 },
    // One more for the record of the build.
    check: ({ api }) => expect(api.connections()).toBe(5),
  },
];

export const SLOW: Fault[] = [
  {
    fault: "no reply to a request",
    behaviour: "times out after `timeouts.replyMs`; retried in smaller requests",
    options: { timeouts: { replyMs: 1000 } },
    script: [{ silent: "before the reply", stores: true }],
    expected: { stored: 4, requests: 3, seconds: 5 },
  },
  {
    fault: "no reply to any request",
    behaviour:
      "the run ends after 10 in a row, smaller and smaller at first; reported as possibly stored",
    options: { timeouts: { replyMs: 250 } },
    script: () => ({ silent: "before the reply", stores: true }),
    expected: { stored: 0, inDoubt: 4, code: "KV_TIMEOUT", requests: 10, seconds: 10 },
  },
  {
    fault: "a server that stops reading",
    behaviour: "times out after `timeouts.idleMs`; retried in smaller requests",
    entries: 400,
    pageBytes: 20_000,
    options: { concurrency: 1, timeouts: { idleMs: 1500 } },
    script: [{ silent: "before the body" }],
    expected: { stored: 400, requests: [3, 4], seconds: 10 },
  },
  {
    fault: "a reply that trickles in",
    behaviour: "read to the end",
    options: { timeouts: { replyMs: 1000 } },
    script: [{ trickleMs: 150 }],
    expected: { stored: 4, requests: 1, seconds: 5 },
  },
  {
    fault: "a reply that trickles in without end",
    behaviour: "times out after `timeouts.requestMs`; retried in smaller requests",
    options: { timeouts: { requestMs: 1500 } },
    script: [{ trickleMs: 250, stores: true }],
    expected: { stored: 4, requests: 3, seconds: 5 },
  },
];
