// Calls with the options that every test needs.

import { seedKvCache, type SeedOptions } from "../../index.js";

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
  return seedKvCache({ ...TARGET, ...options });
}

/** The error that a call rejects with; a call that resolves fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<SeedError> {
  try {
    const result = await promise;
    throw new Error(`resolved with ${JSON.stringify(result)}`);
  } catch (error) {
    return error as SeedError;
  }
}
