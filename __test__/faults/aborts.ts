// Runs that are cancelled at any time.

import { expect } from "vitest";
import { failing } from "../support/scripted-api.js";
import type { Fault } from "./fault.js";

const isAborted: Fault["check"] = ({ error }) => expect(error?.name).toBe("AbortError");

export const ABORTED: Fault[] = [
  {
    fault: "an abort while requests are in flight",
    behaviour: "they are dropped; their entries are reported as possibly stored",
    options: { maxBatchPairs: 1, concurrency: 2 },
    script: () => ({ silent: "before the reply", stores: true }),
    abortAfter: { requests: 2 },
    expected: { stored: 0, inDoubt: 2, code: "ABORT_ERR", requests: 2, seconds: 5 },
    check: isAborted,
  },
  {
    fault: "an abort between two batches",
    behaviour: "no further request; the report says what is stored",
    options: { maxBatchPairs: 1, concurrency: 1 },
    script: [{}, {}, { delayMs: 10_000 }],
    abortAfter: { requests: 3 },
    expected: { stored: 2, inDoubt: 1, code: "ABORT_ERR", requests: 3, seconds: 5 },
    check: isAborted,
  },
  {
    fault: "an abort during a pause that Cloudflare asked for",
    behaviour: "ends the pause",
    script: [{ ...failing(429, 971), headers: { "retry-after": "60" } }],
    abortAfter: "a pause has begun",
    expected: { stored: 0, code: "ABORT_ERR", requests: 1, seconds: 5 },
    check: isAborted,
  },
  {
    fault: "an abort between two attempts",
    behaviour: "ends the wait",
    options: { retry: { initialDelayMs: 60_000, maxDelayMs: 60_000 } },
    script: [failing(500, 10001)],
    abortAfter: { requests: 1 },
    expected: { stored: 0, inDoubt: 4, code: "ABORT_ERR", requests: 1, seconds: 5 },
    check: isAborted,
  },
];
