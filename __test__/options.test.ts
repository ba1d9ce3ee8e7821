// Options that are wrong: every one rejects, none throws, and the message names it.

import { describe, expect, it } from "vitest";
import { explainRoute, seedKvCache } from "../index.js";
import { TARGET, TOKEN, failureOf } from "./support/seed.js";

const GOOD = { root: "/nonexistent", ...TARGET };

/** Calls with what TypeScript would not let pass. */
function call(options: unknown): Promise<unknown> {
  return (seedKvCache as (options?: unknown) => Promise<unknown>)(options);
}

describe("the options", () => {
  it.each([undefined, null, 5, "text", true, () => {}])(
    "must be an object, not %o",
    async (value) => {
      const error = await failureOf(call(value));
      expect(error.code).toBe("INVALID_OPTION");
      expect(error.message).toMatch(/^the options must be an object, not /u);
    },
  );

  it("may be missing", async () => {
    const error = await failureOf((seedKvCache as () => Promise<unknown>)());
    expect(error.code).toBe("INVALID_OPTION");
  });

  it("may have a throwing getter; the caller gets that error", async () => {
    const thrown = new RangeError("from the getter");
    const options = {
      ...GOOD,
      get root(): string {
        throw thrown;
      },
    };
    await expect(call(options)).rejects.toBe(thrown);
  });
});

describe("a required option", () => {
  it.each(["root", "accountId", "namespaceId", "apiToken"])("%s is required", async (name) => {
    for (const value of [undefined, null, "", 5, {}, true]) {
      const error = await failureOf(call({ ...GOOD, [name]: value }));
      expect(error.code).toBe("INVALID_OPTION");
      expect(error.message).toContain(`\`${name}\``);
    }
  });
});

describe("an option", () => {
  it.each([
    [
      "apiBaseUrl",
      ["", 5, "nonsense", "http://example.com", "ftp://localhost", "https://u:p@x.example"],
    ],
    ["appPrefix", [5, true, {}]],
    ["ttlSeconds", [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 31, "60", true, {}]],
    ["staticTtlSeconds", [0, -1, Number.NaN, 1.5, "60"]],
    ["maxBatchPairs", [0, -1, 10_001, 1.5, Number.NaN, "5", 4_294_967_297]],
    ["maxBatchBytes", [0, -1, 100_000_001, 0.5, Number.NaN, "5"]],
    ["maxListed", [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5"]],
    ["concurrency", [0, -1, 65, 3.9, Number.NaN, "4"]],
    ["maxMemoryBytes", [0, -1, 0.5, Number.NaN, 1e15, "5"]],
    ["retry", [5, "text", true]],
    ["retry.attempts", [0, 101, 1.5, "8"]],
    ["retry.initialDelayMs", [0, -1, "100"]],
    ["retry.maxDelayMs", [0, Number.NaN, 3_600_001]],
    ["retry.totalMs", [0, Number.POSITIVE_INFINITY]],
    ["timeouts", [5, "text", true]],
    ["timeouts.connectMs", [0, 3_600_001]],
    ["timeouts.idleMs", [-1, 0.5]],
    ["timeouts.replyMs", [0, "120"]],
    ["timeouts.requestMs", [0, {}]],
    ["viteConfig", [5, true, {}]],
    ["selfCheck", ["no", 0, {}]],
    [
      "runtime",
      ["1.4.0", 5, {}, { vinext: 5 }, { vinext: "" }, { vinext: "1.4.0", cloudflare: 7 }],
    ],
    ["allowUnprovenRoutes", ["yes", 1, {}]],
    ["onProgress", [5, "text", {}]],
    ["signal", [5, "text", {}, { aborted: false }]],
    ["accountId", ["a/b", "..", "a b", "a?b", "<ACCOUNT_ID>"]],
    ["namespaceId", ["a/b", "<your-kv-namespace-id>", "ns\n"]],
    ["apiToken", ["token with space", "token\n", "tökèn"]],
  ])("%s is checked", async (name, values) => {
    for (const value of values) {
      const [option = "", member] = name.split(".");
      const given = member === undefined ? value : { [member]: value };
      const error = await failureOf(call({ ...GOOD, [option]: given }));
      expect(error.code, `${name}: ${String(value)}`).toBe("INVALID_OPTION");
      expect(error.message).toContain(`\`${name}`);
      expect(error.message).not.toContain(TOKEN);
    }
  });

  it("accepts null and undefined for optional options", async () => {
    for (const value of [null, undefined]) {
      const optional = {
        apiBaseUrl: value,
        appPrefix: value,
        ttlSeconds: value,
        staticTtlSeconds: value,
        runtime: value,
        allowUnprovenRoutes: value,
        viteConfig: value,
        selfCheck: value,
        maxMemoryBytes: value,
        maxListed: value,
        retry: value,
        timeouts: value,
        maxBatchPairs: value,
        maxBatchBytes: value,
        concurrency: value,
        onProgress: value,
        signal: value,
      };
      await expect(call({ ...GOOD, ...optional })).resolves.toMatchObject({
        skippedCode: "no-manifest",
      });
    }
  });
});

it("describes an invalid token without showing it", async () => {
  const error = await failureOf(call({ ...GOOD, apiToken: "sup3r-s3cret\n" }));
  expect(error.message).toContain("has white space or a line break around it");
  expect(error.message).not.toContain("s3cret");
});

describe("explainRoute", () => {
  const QUERY = { route: "/a", buildId: "b", runtime: { vinext: "1.4.0" } };

  function codeOf(query: unknown): unknown {
    try {
      (explainRoute as (query: unknown) => unknown)(query);
      return undefined;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  }

  it.each([
    [undefined],
    [{}],
    [{ ...QUERY, route: 1 }],
    [{ ...QUERY, trailingSlash: "yes" }],
    [{ ...QUERY, runtime: { vinext: "latest" } }],
  ])("throws INVALID_OPTION for %j", (query) => {
    expect(codeOf(query)).toBe("INVALID_OPTION");
  });

  it.each(["9.9.9", "0.0.49"])("throws FORMAT_UNKNOWN for vinext %s", (vinext) => {
    expect(codeOf({ ...QUERY, runtime: { vinext } })).toBe("FORMAT_UNKNOWN");
  });

  it("accepts null for optional options", () => {
    expect(codeOf({ ...QUERY, path: null, appPrefix: null, trailingSlash: null })).toBeUndefined();
  });
});
