// `compress`: requests are compressed as long as the API takes them, and nothing is lost where it does not.

import { describe, expect, it } from "vitest";
import { gzipSync } from "node:zlib";
import { startLocalApi } from "../lib/local-api/server.js";
import { buildOf, rendered, temporaryDirectory } from "./support/build.js";
import { failing, page, startScriptedApi, type Reply } from "./support/scripted-api.js";
import { failureOf, seed } from "./support/seed.js";

const PAGES = 6;
const numbers = Array.from({ length: PAGES }, (_, index) => index);
const document = (index: number) => `<p>page ${index}</p>`.repeat(200);

function site() {
  return buildOf(
    numbers.map((index) => rendered(`/p${index}`)),
    Object.fromEntries(numbers.map((index) => [`p${index}.html`, document(index)])),
  );
}

/** One page in each request, one request after another. */
const APART = { compress: true, maxBatchPairs: 1, concurrency: 1, retry: { initialDelayMs: 1 } };

async function seedInto(script: Reply[] | Parameters<typeof startScriptedApi>[0], options = {}) {
  const api = await startScriptedApi(script);
  const seeding = seed({ root: site(), apiBaseUrl: api.baseUrl, ...APART, ...options });
  return { api, seeding };
}

describe("an API that accepts compressed requests", () => {
  it("gets all of them compressed, each smaller than its plain form", async () => {
    const { api, seeding } = await seedInto([]);
    const result = await seeding;
    expect(result.kvPairsUploaded).toBe(PAGES);
    expect(api.requests.map(({ encoding }) => encoding)).toEqual(numbers.map(() => "gzip"));
    expect(new Set(api.stored()).size).toBe(PAGES);
    const sent = api.requests.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(sent).toBeLessThan(result.bytesUploaded / 5);
  });

  it("gets one compressed request before any other", async () => {
    const { api, seeding } = await seedInto((_, number) => (number === 1 ? { delayMs: 200 } : {}), {
      concurrency: 4,
    });
    await seeding;
    const [first, second] = api.requests;
    expect(second?.at).toBeGreaterThanOrEqual((first?.at ?? 0) + 190);
    expect(api.requests).toHaveLength(PAGES);
  });

  it("gets uncompressed ones without `compress`", async () => {
    const { api, seeding } = await seedInto([], { compress: undefined });
    await seeding;
    expect(api.requests.map(({ encoding }) => encoding)).toEqual(numbers.map(() => undefined));
  });
});

describe("an API that rejects compressed requests", () => {
  const refusals: [string, Reply][] = [
    ["400", failing(400, 10012, "could not parse the request body as JSON")],
    ["403 of a firewall", page(403, "Blocked")],
    ["411", page(411)],
    ["413", page(413)],
    ["415", failing(415, 0)],
    ["500", failing(500, 10001)],
    ["503", page(503)],
    ["200 without success", failing(200, 10012)],
    ["a connection that is reset", { reset: "before the reply" }],
  ];
  it.each(refusals)("gets the same batch and all others uncompressed: %s", async (_, refusal) => {
    const { api, seeding } = await seedInto([refusal]);
    const result = await seeding;
    expect(result.kvPairsUploaded).toBe(PAGES);
    expect(result.kvPairsNotStored).toBe(0);
    expect(api.requests.map(({ encoding }) => encoding)).toEqual([
      "gzip",
      ...numbers.map(() => undefined),
    ]);
    expect(api.requests[1]?.pairs).toEqual(api.requests[0]?.pairs);
  });

  it("gets the batch uncompressed even if only one attempt is allowed", async () => {
    const { seeding } = await seedInto([page(503)], { retry: { attempts: 1 } });
    expect((await seeding).kvPairsUploaded).toBe(PAGES);
  });

  it("may do so at any point", async () => {
    const { api, seeding } = await seedInto([{}, {}, failing(415, 0)]);
    expect((await seeding).kvPairsUploaded).toBe(PAGES);
    const encodings = api.requests.map(({ encoding }) => encoding ?? "plain");
    expect(encodings).toEqual(["gzip", "gzip", "gzip", "plain", "plain", "plain", "plain"]);
  });
});

it("does not retry a rejected token uncompressed", async () => {
  const { api, seeding } = await seedInto(() => failing(401, 10000));
  expect(await failureOf(seeding)).toMatchObject({ code: "KV_UNAUTHORIZED" });
  expect(api.requests).toHaveLength(1);
});

it("`compress` is a boolean", async () => {
  const { seeding } = await seedInto([], { compress: "yes" as never });
  await expect(seeding).rejects.toThrow(/compress/u);
});

describe("the local API", () => {
  it("stores the same from compressed and plain requests", async () => {
    const namespaces = ["1".repeat(32), "2".repeat(32)];
    const [apiToken, persistTo] = ["local-token", temporaryDirectory()];
    const api = await startLocalApi({ persistTo, namespaceIds: namespaces, apiToken });
    try {
      const root = site();
      const read = async (namespaceId: string, compress: boolean): Promise<[string, unknown][]> => {
        const target = { namespaceId, apiToken, apiBaseUrl: api.baseUrl };
        await seed({ root, ...target, compress });
        const place = `${api.baseUrl}/accounts/a/storage/kv/namespaces/${namespaceId}`;
        const headers = { authorization: `Bearer ${apiToken}` };
        const listed = (await (await fetch(`${place}/keys`, { headers })).json()) as {
          result: { name: string }[];
        };
        return Promise.all(
          listed.result.map(async ({ name }): Promise<[string, unknown]> => {
            const value = await fetch(`${place}/values/${encodeURIComponent(name)}`, { headers });
            return [name, JSON.parse(await value.text()).value];
          }),
        );
      };
      const [plain, compressed] = [
        await read(namespaces[0]!, false),
        await read(namespaces[1]!, true),
      ];
      expect(compressed).toEqual(plain);
      const pages = plain.filter(([name]) => name.endsWith(":html"));
      expect(pages).toHaveLength(PAGES);

      const put = (body: string | Uint8Array<ArrayBuffer>, encoding: string) =>
        fetch(`${api.baseUrl}/accounts/a/storage/kv/namespaces/${namespaces[0]}/bulk`, {
          method: "PUT",
          headers: { authorization: `Bearer ${apiToken}`, "content-encoding": encoding },
          body,
        });
      expect((await put("[]", "gzip")).status).toBe(400);
      expect((await put("[]", "br")).status).toBe(415);
      const bomb = new Uint8Array(gzipSync(Buffer.alloc(101_000_000, " ")));
      expect((await put(bomb, "gzip")).status).toBe(413);
    } finally {
      await api.close();
    }
  });
});
