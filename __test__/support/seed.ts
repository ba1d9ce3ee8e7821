// Calls the functions with the options that every test needs.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { seedKvCache, type SeedOptions } from "../../index.js";
import { startRecorder } from "./recorder.js";

const CHILD = fileURLToPath(new URL("seed-child.js", import.meta.url));

export const TOKEN = "test-token-S3CRET-0123456789";

export const TARGET = {
  accountId: "test-account-123",
  namespaceId: "test-namespace-456",
  apiToken: TOKEN,
  runtime: { vinext: "1.4.0" },
};

export type SeedResult = Awaited<ReturnType<typeof seedKvCache>>;

/** What a rejected promise rejects with. */
export interface SeedError extends Error {
  code: string;
  status?: number;
  cfRay?: string;
  cloudflareCodes?: number[];
  retries?: number;
  report?: SeedResult;
}

export function seed(options: Pick<SeedOptions, "root"> & Partial<SeedOptions>) {
  // What is stored already is asked for in known-entries.test.ts; here every entry is written.
  return seedKvCache({ ...TARGET, force: true, ...options });
}

/** The same in a separate process that can open this many files. */
export async function seedApart(
  options: Pick<SeedOptions, "root"> & Partial<SeedOptions>,
  { openFiles }: { openFiles: number },
): Promise<SeedResult> {
  const given = JSON.stringify({ ...TARGET, force: true, ...options });
  const limited = `ulimit -n ${openFiles}; exec "$0" "$@"`;
  const child = spawn("sh", ["-c", limited, process.execPath, CHILD, given]);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (errors += text));
  await new Promise((resolve) => child.once("close", resolve));
  if (output === "") throw new Error(`the process ended without a result: ${errors}`);
  const { result, error } = JSON.parse(output);
  if (error !== undefined) throw Object.assign(new Error(error.message), error);
  return result;
}

/** Seeds into a recorder, and returns what arrived. */
export async function seeded(root: string, options: Partial<SeedOptions> = {}) {
  const api = await startRecorder();
  const result = await seed({ root, apiBaseUrl: api.baseUrl, ...options });
  const pairs = api.pairs();
  return { result, pairs, keys: pairs.map(({ key }) => key), requests: api.requests };
}

/** The error that a call rejects with; a call that resolves fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<SeedError> {
  const outcome = await promise.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error as SeedError;
  throw new Error(`resolved with ${JSON.stringify(outcome.result)}`);
}
