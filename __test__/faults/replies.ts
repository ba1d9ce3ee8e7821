// Rejections, errors and contradictory replies.

import { expect } from "vitest";
import { ENVELOPE, failing, page, withResult, without } from "../support/scripted-api.js";
import { TOKEN } from "../support/seed.js";
import { keyOf, times, type Fault } from "./fault.js";

const ONE_AT_A_TIME = { maxBatchPairs: 1, concurrency: 1 };

/** More than the system's buffers hold, in one request. */
const LARGE_REQUEST = {
  entries: 600,
  pageBytes: 20_000,
  options: { concurrency: 1, maxBatchBytes: 100_000_000 },
};

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The token as gateways may quote it. */
const QUOTED = [
  base64(TOKEN),
  base64(`Bearer ${TOKEN}`).replaceAll("=", ""),
  TOKEN.toUpperCase(),
  `${TOKEN.slice(0, 9)}\u001b[1m${TOKEN.slice(9)}`,
];

export const STORED: Fault[] = [
  {
    fault: "nothing goes wrong",
    behaviour: "one request",
    script: [],
    expected: { stored: 4, requests: 1, seconds: 5 },
  },
  {
    fault: "`unsuccessful_keys` in a success",
    behaviour: "only those keys are retried",
    script: [without(keyOf(1), keyOf(3))],
    expected: { stored: 4, requests: 2, seconds: 5 },
    check: ({ api }) => {
      expect(api.requests[1]?.pairs.map(({ key }) => key)).toEqual([keyOf(1), keyOf(3)]);
    },
  },
  {
    fault: "`unsuccessful_keys` twice",
    behaviour: "only those keys are retried, twice",
    script: [without(keyOf(0), keyOf(1)), without(keyOf(1))],
    expected: { stored: 4, requests: 3, seconds: 5 },
    check: ({ api }) => {
      expect(api.requests.map(({ pairs }) => pairs.length)).toEqual([4, 2, 1]);
    },
  },
  {
    fault: "the same key in `unsuccessful_keys` every time",
    behaviour: "fails after 8 attempts; reported by key",
    script: () => without(keyOf(2)),
    expected: { stored: 3, code: "KV_PARTLY_STORED", requests: 8, seconds: 5 },
    check: ({ error }) => expect(error?.report?.notStored[0]?.keys).toEqual([keyOf(2)]),
  },
  {
    fault: "`unsuccessful_keys` that were never sent",
    behaviour: "the whole request is retried",
    script: [{ ...without("unknown-key"), stores: false }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "`unsuccessful_keys` with a key that was never sent among others",
    behaviour: "the whole request is retried: the reply belongs to another one",
    script: [{ ...without(keyOf(1), "unknown-key"), stores: false }],
    expected: { stored: 4, requests: 2, seconds: 5 },
    check: ({ api }) => expect(api.requests[1]?.pairs).toHaveLength(4),
  },
  {
    fault: "`unsuccessful_keys` that is not a list of keys",
    behaviour: "the whole request is retried",
    script: [
      { ...withResult({ unsuccessful_keys: keyOf(1) }), stores: false },
      { ...withResult({ unsuccessful_keys: [{ key: keyOf(1) }] }), stores: false },
    ],
    expected: { stored: 4, requests: 3, seconds: 5 },
  },
  {
    fault: "`successful_key_count` below what was sent",
    behaviour: "the whole request is retried",
    script: [{ ...withResult({ successful_key_count: 3 }), stores: false }],
    expected: { stored: 4, requests: 2, seconds: 5 },
    check: ({ api }) => expect(api.requests[1]?.pairs).toHaveLength(4),
  },
  {
    fault: "`successful_key_count` below what was sent, every time",
    behaviour: "fails after 8 attempts; reported as possibly stored",
    script: () => withResult({ successful_key_count: 3, unsuccessful_keys: [] }),
    expected: {
      stored: 0,
      inDoubt: 4,
      code: "KV_PARTLY_STORED",
      status: 200,
      requests: 8,
      seconds: 5,
    },
    check: ({ error }) => expect(error?.message).toContain("confirmed 3 entries where 4"),
  },
  {
    fault: "`successful_key_count` above what was sent",
    behaviour: "the whole request is retried",
    script: [{ ...withResult({ successful_key_count: 5 }), stores: false }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "`successful_key_count` that contradicts `unsuccessful_keys`",
    behaviour: "the whole request is retried",
    script: [
      {
        ...withResult({ successful_key_count: 1, unsuccessful_keys: [keyOf(0)] }),
        stores: false,
      },
    ],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "`success: true` with errors in it",
    behaviour: "not a success; retried",
    script: [
      {
        body: JSON.stringify({ ...ENVELOPE, errors: [{ code: 10013, message: "partial" }] }),
        stores: false,
      },
      { body: JSON.stringify({ ...ENVELOPE, errors: "partial failure" }), stores: false },
    ],
    expected: { stored: 4, requests: 3, seconds: 5 },
  },
  {
    fault: "202 with `success: true`",
    behaviour: "not a success, because accepted is not stored; retried",
    script: [{ status: 202, stores: false }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "400 with `success: true`",
    behaviour: "neither a success nor a rejection; retried",
    script: [{ status: 400, stores: false }],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "200 before the body is sent",
    behaviour: "not a success; the connection is closed and the request retried",
    ...LARGE_REQUEST,
    script: [{ early: true, stores: false }],
    expected: { stored: 600, requests: 2, seconds: 10 },
    check: ({ api }) => expect(api.connections()).toBe(2),
  },
  {
    fault: "200 in the middle of the body, which is read on",
    behaviour: "not a success; the connection is closed and the request retried",
    ...LARGE_REQUEST,
    script: [{ early: "in the body", stores: false }],
    expected: { stored: 600, requests: 2, seconds: 10 },
    check: ({ api }) => expect(api.connections()).toBe(2),
  },
  {
    fault: "200 before the body is sent, every time",
    behaviour: "fails after 8 attempts; reported as possibly stored",
    ...LARGE_REQUEST,
    script: times(8, { early: true, stores: false }),
    expected: {
      stored: 0,
      inDoubt: 600,
      code: "KV_BAD_REPLY",
      status: 200,
      requests: 8,
      seconds: 20,
    },
    check: ({ error }) => expect(error?.message).toContain("before the request was sent"),
  },
];

export const REFUSED: Fault[] = [
  {
    fault: "401 with code 10000",
    behaviour: "final: check the token and its permission",
    options: ONE_AT_A_TIME,
    script: [failing(401, 10000, "Authentication error")],
    expected: {
      stored: 0,
      code: "KV_UNAUTHORIZED",
      status: 401,
      cloudflareCodes: [10000],
      requests: 1,
      seconds: 5,
    },
    check: ({ error }) => expect(error?.message).toContain('"Workers KV Storage: Edit"'),
  },
  {
    fault: "403 with code 9109",
    behaviour: "final: check the token and its permission",
    options: ONE_AT_A_TIME,
    script: [{ ...failing(403, 9109), headers: { "cf-ray": "8f0-AMS" } }],
    expected: { stored: 0, code: "KV_UNAUTHORIZED", status: 403, requests: 1, seconds: 5 },
    check: ({ error }) => expect(error?.cfRay).toBe("8f0-AMS"),
  },
  {
    fault: "404 with code 10013",
    behaviour: "final: check the account and the namespace, which the message names",
    options: ONE_AT_A_TIME,
    script: [failing(404, 10013, "namespace not found")],
    expected: { stored: 0, code: "KV_NOT_FOUND", status: 404, requests: 1, seconds: 5 },
    check: ({ error }) => expect(error?.message).toContain("test-namespace-456"),
  },
  {
    fault: "200 with `success: false`",
    behaviour: "final: the status alone is not trusted",
    options: ONE_AT_A_TIME,
    script: [failing(200, 10022, "bad pair")],
    expected: { stored: 0, code: "KV_REJECTED", status: 200, requests: 1, seconds: 5 },
  },
  {
    fault: "400 because of one entry",
    behaviour: "found by bisection and skipped; the rest is stored",
    entries: 16,
    script: ({ pairs }) => (pairs.some(({ key }) => key === keyOf(5)) ? failing(400, 10022) : {}),
    expected: { stored: 15, code: "KV_HTTP_ERROR", status: 400, requests: 9, seconds: 5 },
    check: ({ error }) => expect(error?.report?.notStored[0]?.keys).toEqual([keyOf(5)]),
  },
  {
    fault: "400 for every request",
    behaviour: "the run ends after 16 entries that are rejected one by one",
    entries: 200,
    script: () => failing(400, 10022),
    expected: { stored: 0, code: "KV_HTTP_ERROR", requests: [17, 60], seconds: 10 },
  },
  {
    fault: "a redirect to another host",
    behaviour: "final: not followed, so that the token goes nowhere else",
    script: [{ status: 307, headers: { location: "http://127.0.0.1:9/elsewhere" } }],
    expected: { stored: 0, code: "KV_HTTP_ERROR", status: 307, requests: 1, seconds: 5 },
  },
  {
    fault: "an error page that quotes the request, token included",
    behaviour: "the token is removed from every message",
    script: [failing(400, 6003, `Invalid request headers: Authorization: Bearer ${TOKEN}`)],
    expected: { stored: 0, code: "KV_UNAUTHORIZED", requests: 1, seconds: 5 },
    check: ({ error }) => expect(error?.message).toContain("Bearer [token]"),
  },
  {
    fault:
      "an error that quotes the token in base64, in upper case, or with escape sequences in it",
    behaviour: "the token is removed from every message",
    script: [failing(400, 6003, [`${base64(`user:${TOKEN}`)}`, ...QUOTED].join(" and "))],
    expected: { stored: 0, code: "KV_UNAUTHORIZED", requests: 1, seconds: 5 },
    check: ({ error }) => {
      expect(error?.message.match(/\[token\]/gu)).toHaveLength(QUOTED.length + 1);
      expect(error?.message.toLowerCase()).not.toContain(TOKEN.toLowerCase());
      expect(error?.message).not.toContain(base64(TOKEN).slice(2, 30));
    },
  },
];

export const PASSING: Fault[] = [
  {
    fault: "524 for a large batch",
    behaviour: "split into halves, then quarters, until it is fast enough",
    entries: 400,
    options: { concurrency: 1 },
    script: ({ pairs }) => (pairs.length > 100 ? page(524, "A timeout occurred") : {}),
    expected: { stored: 400, requests: [10, 14], seconds: 10 },
    check: ({ api }) => {
      const sizes = api.requests.map(({ pairs }) => pairs.length);
      expect(sizes.slice(0, 3)).toEqual([400, 200, 50]);
      expect(sizes.filter((size) => size > 100)).toHaveLength(2);
    },
  },
  {
    fault: "524 for every request with more than one entry",
    behaviour: "sent one by one",
    entries: 40,
    options: { concurrency: 1 },
    script: ({ pairs }) => (pairs.length > 1 ? page(524, "A timeout occurred") : {}),
    expected: { stored: 40, requests: [42, 50], seconds: 10 },
  },
  {
    fault: "524 for one entry of many, every time",
    behaviour: "reported by key; the rest is stored",
    entries: 40,
    options: { concurrency: 1 },
    script: ({ pairs }) =>
      pairs.some(({ key }) => key === keyOf(0)) ? page(524, "A timeout occurred") : {},
    expected: {
      stored: 39,
      inDoubt: 1,
      code: "KV_TIMEOUT",
      status: 524,
      requests: [12, 60],
      seconds: 10,
    },
    check: ({ error }) => expect(error?.report?.notStored[0]?.keys).toEqual([keyOf(0)]),
  },
  {
    fault: "524 for every request",
    behaviour: "the run ends after 10 in a row, each smaller than the one before",
    entries: 2000,
    options: { concurrency: 1 },
    script: () => page(524, "A timeout occurred"),
    expected: {
      stored: 0,
      inDoubt: 2000,
      code: "KV_TIMEOUT",
      status: 524,
      requests: 10,
      seconds: 10,
    },
    check: ({ api }) => {
      const sizes = api.requests.map(({ pairs }) => pairs.length);
      expect(sizes.slice(0, 3)).toEqual([2000, 1000, 250]);
      expect(sizes.at(-1)).toBe(1);
    },
  },
  {
    fault: "504",
    behaviour: "retried in smaller requests",
    script: [page(504)],
    expected: { stored: 4, requests: 3, seconds: 5 },
  },
  {
    fault: "three 5xx, then success",
    behaviour: "retried with exponential backoff",
    script: [failing(500, 10001), page(502), page(503)],
    expected: { stored: 4, requests: 4, seconds: 5 },
  },
  {
    fault: "503 with `retry-after: 1`",
    behaviour: "retried after that time",
    script: [{ ...page(503), headers: { "retry-after": "1" } }],
    expected: { stored: 4, requests: 2, seconds: 5 },
    check: ({ milliseconds }) => expect(milliseconds).toBeGreaterThan(950),
  },
  {
    fault: "500 on every request",
    behaviour: "fails after 8 attempts; if nothing was stored before, the run ends",
    options: ONE_AT_A_TIME,
    script: () => failing(500, 10001),
    expected: {
      stored: 0,
      inDoubt: 1,
      code: "KV_HTTP_ERROR",
      status: 500,
      requests: 8,
      seconds: 5,
    },
  },
  {
    fault: "500 on every request of one batch of many",
    behaviour: "that batch fails; the others are stored",
    options: ONE_AT_A_TIME,
    script: ({ pairs }) => (pairs[0]?.key === keyOf(2) ? failing(500, 10001) : {}),
    expected: { stored: 3, inDoubt: 1, code: "KV_HTTP_ERROR", requests: 11, seconds: 5 },
    check: ({ error }) => expect(error?.report?.notStored[0]?.keys).toEqual([keyOf(2)]),
  },
  {
    fault: "408",
    behaviour: "retried",
    script: [failing(408, 0)],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "a firewall's challenge (`cf-mitigated`)",
    behaviour: "retried",
    script: [page(403, "Just a moment...", { "cf-mitigated": "challenge" })],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "403 with an HTML page",
    behaviour: "retried: Cloudflare's API would have answered with JSON",
    script: [page(403)],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "200 with an HTML page, then success",
    behaviour: "not a success; retried",
    script: [page(200, "Welcome to our guest network")],
    expected: { stored: 4, requests: 2, seconds: 5 },
  },
  {
    fault: "200 with an HTML page on every request",
    behaviour: "fails after 8 attempts",
    script: () => page(200, "Welcome"),
    expected: { stored: 0, inDoubt: 4, code: "KV_BAD_REPLY", status: 200, requests: 8, seconds: 5 },
  },
  {
    fault: "200 with half an envelope",
    behaviour: "not a success; retried",
    script: times(2, { body: '{"success":true,"errors":[],"resu', stores: false }),
    expected: { stored: 4, requests: 3, seconds: 5 },
  },
];
