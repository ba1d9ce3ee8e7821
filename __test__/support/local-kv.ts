// A real KV namespace behind the local API, empty before each test of a file.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { startLocalApi } from "../../lib/local-api/server.js";
import { NAMESPACE } from "./project.js";
import { TOKEN } from "./seed.js";

export interface LocalKv {
  readonly baseUrl: string;
  /** Asks the API, below the namespace, and returns the reply's JSON. */
  call(method: string, rest: string, body?: unknown): Promise<any>;
  /** Up to 1,000 keys that begin with a prefix. */
  keys(prefix?: string): Promise<string[]>;
}

/** Starts it before the tests of the calling file, and stops it after them. */
export function useLocalKv(): LocalKv {
  const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-local-kv-"));
  let local: Awaited<ReturnType<typeof startLocalApi>>;
  const kv: LocalKv = {
    get baseUrl() {
      return local.baseUrl;
    },
    async call(method, rest, body) {
      const url = `${local.baseUrl}/accounts/any/storage/kv/namespaces/${NAMESPACE}${rest}`;
      const reply = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${TOKEN}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return reply.json();
    },
    async keys(prefix = "") {
      const { result } = await kv.call(
        "GET",
        `/keys?limit=1000&prefix=${encodeURIComponent(prefix)}`,
      );
      return result.map(({ name }: { name: string }) => name);
    },
  };
  beforeAll(async () => {
    local = await startLocalApi({
      persistTo: directory,
      namespaceIds: [NAMESPACE],
      apiToken: TOKEN,
    });
  });
  afterAll(async () => {
    await local.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (let names = await kv.keys(); names.length > 0; names = await kv.keys()) {
      await kv.call("POST", "/bulk/delete", names);
    }
  });
  return kv;
}
