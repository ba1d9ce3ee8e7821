// Cloudflare's limits: of requests, of writes, of bytes.

import { expect } from "vitest";
import { failing, page } from "../support/scripted-api.js";
import { keyOf, times, type Fault } from "./fault.js";

const ONE_AT_A_TIME = { maxBatchPairs: 1, concurrency: 1 };

function throttledUntil(time: number) {
  const headers = { "retry-after": new Date(time).toUTCString() };
  return { ...failing(429, 10429), headers };
}

export const LIMITED: Fault[] = [
  {
    fault: "429 with `retry-after: 1`",
    behaviour: "all connections wait that long, then retry",
    options: { maxBatchPairs: 1, concurrency: 3 },
    script: [{ ...failing(429, 10429), headers: { "retry-after": "1" } }],
    expected: { stored: 4, requests: [5, 7], seconds: 8 },
    check: ({ api, events }) => {
      const pauses = events.flatMap(({ pausedForMs }) => pausedForMs ?? []);
      expect(pauses.some((pause) => pause > 900 && pause <= 1000)).toBe(true);
      // Requests in flight when the reply came do not count; none begins afterwards.
      const first = api.requests[0]?.at ?? 0;
      const gap = api.requests.slice(1).filter(({ at }) => at > first + 400 && at < first + 950);
      expect(gap).toEqual([]);
    },
  },
  {
    fault: "429 without `retry-after`",
    behaviour: "waits eight times as long as after other failures",
    options: { retry: { initialDelayMs: 20 } },
    script: [failing(429, 971, "Please wait and consider throttling your request speed")],
    expected: { stored: 4, requests: 2, seconds: 5 },
    check: ({ api }) => {
      expect((api.requests[1]?.at ?? 0) - (api.requests[0]?.at ?? 0)).toBeGreaterThan(8 * 20 - 5);
    },
  },
  {
    fault: "429 with `retry-after` as a date",
    behaviour: "waits until then",
    script: (_, number) => (number === 1 ? throttledUntil(Date.now() + 2000) : {}),
    expected: { stored: 4, requests: 2, seconds: 5 },
    check: ({ milliseconds }) => expect(milliseconds).toBeGreaterThan(900),
  },
  {
    fault: "429 with `retry-after: 3600`",
    behaviour: "fails immediately: a deploy should not wait an hour",
    options: ONE_AT_A_TIME,
    script: () => ({ ...page(429), headers: { "retry-after": "3600" } }),
    expected: { stored: 0, code: "KV_THROTTLED", status: 429, requests: 1, seconds: 5 },
  },
  {
    fault: "429 on every request",
    behaviour: "fails after 8 attempts",
    script: () => failing(429, 971),
    expected: { stored: 0, code: "KV_THROTTLED", requests: 8, seconds: 10 },
  },
  {
    fault: "`Ratelimit` says that nothing remains",
    behaviour: "sends nothing until the window ends",
    options: ONE_AT_A_TIME,
    entries: 2,
    script: [{ headers: { ratelimit: '"default";r=0;t=1' } }],
    expected: { stored: 2, requests: 2, seconds: 5 },
    check: ({ api }) => {
      expect((api.requests[1]?.at ?? 0) - (api.requests[0]?.at ?? 0)).toBeGreaterThan(900);
    },
  },
  {
    fault: "code 10048, the daily quota, on the 3rd of 6 batches",
    behaviour:
      "final: the message says what is stored, what is not, and that the quota resets at 00:00 UTC",
    entries: 12,
    options: { maxBatchPairs: 2, concurrency: 1 },
    script: [{}, {}, failing(429, 10048, "your account has reached the free usage limit")],
    expected: {
      stored: 4,
      inDoubt: 2,
      code: "KV_QUOTA_EXHAUSTED",
      status: 429,
      cloudflareCodes: [10048],
      requests: 3,
      seconds: 5,
    },
    check: ({ error }) => {
      expect(error?.message).toMatch(/00:00 UTC.*4 of 12 entries are stored/u);
    },
  },
  {
    fault: "413 until a request is small enough",
    behaviour: "split in half until it fits; later batches stay that small",
    entries: 24,
    pageBytes: 1000,
    options: { maxBatchPairs: 12, concurrency: 1 },
    script: ({ bytes }) => (bytes > 5000 ? page(413, "413 Request Entity Too Large") : {}),
    expected: { stored: 24, requests: [10, 16], seconds: 5 },
    check: ({ api }) => {
      const refused = api.requests.filter(({ bytes }) => bytes > 5000);
      expect(refused.length).toBeLessThan(4);
    },
  },
  {
    fault: "413 before a large request is read",
    behaviour: "the same, even if the connection closes in the middle of the upload",
    entries: 300,
    pageBytes: 20_000,
    options: { concurrency: 1 },
    script: times(2, { ...page(413), early: true }),
    expected: { stored: 300, requests: [4, 6], seconds: 10 },
  },
  {
    fault: "413 for a single entry",
    behaviour: "skipped and reported by key; the rest is stored",
    script: ({ pairs }) => (pairs.some(({ key }) => key === keyOf(1)) ? page(413) : {}),
    expected: { stored: 3, code: "KV_TOO_LARGE", status: 413, requests: [4, 7], seconds: 5 },
    check: ({ error }) => expect(error?.report?.notStored[0]?.keys).toEqual([keyOf(1)]),
  },
];
