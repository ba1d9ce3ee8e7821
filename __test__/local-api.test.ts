// The local Cloudflare KV API: real KV behind it, Cloudflare's limits before it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DailyQuotas } from "../lib/local-api/daily-quotas.js";
import { FREE_PLAN, startLocalApi, type LocalApi } from "../lib/local-api/server.js";

const NAMESPACE = "11111111111111111111111111111111";
const TOKEN = "local-token";
const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-local-api-"));
const persistTo = path.join(directory, "state");
let api: LocalApi;

beforeAll(async () => {
  api = await startLocalApi({ persistTo, namespaceIds: [NAMESPACE], apiToken: TOKEN });
});
afterAll(async () => {
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

async function call(method: string, rest: string, body?: unknown, namespace = NAMESPACE) {
  const response = await fetch(
    `${api.baseUrl}/accounts/acc/storage/kv/namespaces/${namespace}${rest}`,
    {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    },
  );
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
}

describe("written entries", () => {
  it("can be read through every endpoint", async () => {
    const pairs = [
      { key: "a", value: "text é", metadata: { tags: ["t"] } },
      { key: "b/ü:html", value: Buffer.from([0, 255]).toString("base64"), base64: true },
      { key: "c", value: "1", expiration_ttl: 60 },
    ];
    const put = await call("PUT", "/bulk", pairs);
    expect(put).toMatchObject({
      status: 200,
      json: { success: true, result: { successful_key_count: 3, unsuccessful_keys: [] } },
    });
    const keys = (await call("GET", "/keys?limit=10")).json.result;
    expect(keys).toMatchObject([
      { name: "a", metadata: { tags: ["t"] } },
      { name: "b/ü:html" },
      { name: "c" },
    ]);
    expect(keys[2].expiration).toBeGreaterThan(Date.now() / 1000 + 50);
    expect(keys[1]).not.toHaveProperty("metadata");
    expect((await call("GET", "/values/a")).text).toBe("text é");
    expect((await call("GET", "/metadata/a")).json.result).toEqual({ tags: ["t"] });
    expect((await call("GET", `/values/${encodeURIComponent("b/ü:html")}`)).text).toBe(
      Buffer.from([0, 255]).toString(),
    );
    const got = await call("POST", "/bulk/get", { keys: ["a", "nowhere"], withMetadata: true });
    expect(got.json.result.values).toEqual({
      a: { value: "text é", metadata: { tags: ["t"] } },
      nowhere: null,
    });
  });

  it("can be deleted, one by one and in bulk", async () => {
    await call(
      "PUT",
      "/bulk",
      [1, 2, 3].map((n) => ({ key: `d${n}`, value: "x" })),
    );
    expect((await call("DELETE", "/values/d1")).status).toBe(200);
    expect((await call("GET", "/values/d1")).json.errors[0].code).toBe(10009);
    expect((await call("POST", "/bulk/delete", ["d2"])).json.success).toBe(true);
    expect((await call("DELETE", "/bulk", ["d3"])).json.success).toBe(true);
    expect((await call("GET", "/keys?limit=10&prefix=d")).json.result).toEqual([]);
  });

  it("are listed in pages", async () => {
    const pairs = Array.from({ length: 25 }, (_, n) => ({ key: `page${n + 10}`, value: "x" }));
    await call("PUT", "/bulk", pairs);
    const found: string[] = [];
    let cursor = "";
    do {
      const page = (
        await call("GET", `/keys?limit=10&prefix=page&cursor=${encodeURIComponent(cursor)}`)
      ).json;
      found.push(...page.result.map(({ name }: { name: string }) => name));
      expect(page.result_info.count).toBe(page.result.length);
      cursor = page.result_info.cursor;
    } while (cursor !== "");
    expect(found).toEqual(pairs.map(({ key }) => key));
  });

  it("keep the last value of a repeated key", async () => {
    await call("PUT", "/bulk", [
      { key: "twice", value: "1" },
      { key: "twice", value: "2" },
    ]);
    expect((await call("GET", "/values/twice")).text).toBe("2");
  });
});

describe("rejects", () => {
  const pair = { key: "k", value: "v" };
  it.each([
    ["no array", {}, 400, 10012],
    ["no JSON", "[{", 400, 10012],
    ["no pairs", [], 400, 10030],
    ["10,001 pairs", Array.from({ length: 10_001 }, () => pair), 400, 10030],
    ["a pair that is no object", [7], 400, 10022],
    ["an unknown member", [{ ...pair, ttl: 60 }], 400, 10022],
    ["a value that is no string", [{ key: "k", value: {} }], 400, 10022],
    ["an empty key", [{ ...pair, key: "" }], 400, 10022],
    ["the key .", [{ ...pair, key: "." }], 400, 10022],
    ["the key ..", [{ ...pair, key: ".." }], 400, 10022],
    ["a key of 513 bytes", [{ ...pair, key: `${"é".repeat(256)}x` }], 414, 10030],
    ["a value of 25 MiB and a byte", [{ ...pair, value: "x".repeat(26_214_401) }], 413, 10030],
    ["metadata of 1,025 bytes", [{ ...pair, metadata: "é".repeat(511) + "x" }], 413, 10030],
    ["a TTL of 59 seconds", [{ ...pair, expiration_ttl: 59 }], 400, 10022],
    ["a TTL in milliseconds", [{ ...pair, expiration_ttl: 2_592_000_000 }], 400, 10022],
    ["an expiration in milliseconds", [{ ...pair, expiration: Date.now() + 1e9 }], 400, 10022],
    ["a TTL that is no whole number", [{ ...pair, expiration_ttl: 60.5 }], 400, 10022],
    ["an expiration that is past", [{ ...pair, expiration: 1 }], 400, 10022],
  ])("%s", async (_, body, status, code) => {
    const refused = await call("PUT", "/bulk", body);
    expect(refused.status).toBe(status);
    expect(refused.json).toMatchObject({ success: false, errors: [{ code }] });
  });

  it("accepts values just under each limit", async () => {
    const body = [
      { key: "é".repeat(256), value: "x", metadata: "é".repeat(511), expiration_ttl: 60 },
      { key: "long", value: "x", expiration_ttl: 2_147_483_647 },
    ];
    expect((await call("PUT", "/bulk", body)).status).toBe(200);
  });

  it("a body over 100 MB with 413 and no JSON", async () => {
    const refused = await call("PUT", "/bulk", `"${"x".repeat(100_000_000)}"`);
    expect(refused.status).toBe(413);
    expect(refused.json).toBeUndefined();
  });

  it("a wrong token, an unknown namespace, an unknown path, a wrong limit", async () => {
    const { status } = await fetch(`${api.baseUrl}/accounts/a/storage/kv/namespaces`);
    expect(status).toBe(401);
    expect((await call("GET", "/keys", undefined, "elsewhere")).json.errors[0].code).toBe(10013);
    expect((await call("GET", "/nowhere")).json.errors[0].code).toBe(7003);
    expect((await call("GET", "/keys?limit=9")).status).toBe(400);
    expect((await call("GET", "/keys?limit=1001")).status).toBe(400);
  });

  it("invalid escapes, bodies that are not objects, values that are not JSON", async () => {
    expect(await call("GET", "/values/%E0%A4")).toMatchObject({
      status: 404,
      json: { errors: [{ code: 7003 }] },
    });
    const refused = { status: 400, json: { errors: [{ code: 10012 }] } };
    expect(await call("POST", "/bulk/get", "null")).toMatchObject(refused);
    await call("PUT", "/bulk", [{ key: "text", value: "no JSON" }]);
    expect(await call("POST", "/bulk/get", { keys: ["text"], type: "json" })).toMatchObject(
      refused,
    );
  });
});

it("keeps entries across restarts", async () => {
  const keep = path.join(directory, "kept");
  for (const expected of [null, "still here"]) {
    const again = await startLocalApi({ persistTo: keep, namespaceIds: ["ns"], apiToken: TOKEN });
    const url = `${again.baseUrl}/accounts/a/storage/kv/namespaces/ns/values/kept`;
    const headers = { authorization: `Bearer ${TOKEN}` };
    const found = await fetch(url, { headers });
    expect(found.ok ? await found.text() : null).toBe(expected);
    await fetch(url, { method: "PUT", headers, body: "still here" });
    await again.close();
  }
});

describe("daily quotas", () => {
  it("can be the free plan's, for each kind of operation", async () => {
    const limited = await startLocalApi({
      persistTo: path.join(directory, "limited"),
      namespaceIds: [NAMESPACE],
      apiToken: TOKEN,
      dailyQuotas: { ...FREE_PLAN, lists: 1, reads: 2 },
    });
    const ask = async (method: string, rest: string, body?: unknown) => {
      const url = `${limited.baseUrl}/accounts/acc/storage/kv/namespaces/${NAMESPACE}${rest}`;
      const given = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { authorization: `Bearer ${TOKEN}` };
      const response = await fetch(url, { method, headers, ...given });
      return response.status;
    };
    const pairs = Array.from({ length: 600 }, (_, at) => ({ key: `k${at}`, value: "" }));
    const names = pairs.map(({ key }) => key);
    try {
      expect(await ask("PUT", "/bulk", pairs)).toBe(200);
      // What does not fit is refused as a whole.
      expect(await ask("PUT", "/bulk", pairs)).toBe(429);
      expect(await ask("PUT", "/bulk", pairs.slice(0, 400))).toBe(200);
      expect(await ask("PUT", "/bulk", pairs.slice(0, 1))).toBe(429);
      expect(await ask("POST", "/bulk/get", { keys: ["k1", "k2"] })).toBe(200);
      expect(await ask("GET", "/values/k1")).toBe(429);
      expect(await ask("GET", "/keys")).toBe(200);
      expect(await ask("GET", "/keys")).toBe(429);
      expect(await ask("POST", "/bulk/delete", names)).toBe(200);
      expect(await ask("POST", "/bulk/delete", names)).toBe(429);
      expect(await ask("DELETE", "/values/k1")).toBe(200);
    } finally {
      await limited.close();
    }
  });

  it("reset at 00:00 UTC", () => {
    let now = Date.parse("2026-11-26T23:59:59Z");
    const quotas = new DailyQuotas({ writes: 10 }, () => now);
    quotas.spend("writes", 10);
    expect(() => quotas.spend("writes")).toThrow(/limit of 10 for today/u);
    quotas.spend("reads", 1_000_000);
    now += 1000;
    quotas.spend("writes", 10);
    expect(() => quotas.spend("writes")).toThrow();
  });
});
