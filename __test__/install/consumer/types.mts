import { explainRoute, seedKvCache, type SeedOptions, type SeedResult } from "@vinext/seed-native";
import { startLocalApi } from "@vinext/seed-native/local-api";

const options: SeedOptions = { root: ".", accountId: "a", namespaceId: "n", apiToken: "t" };
export const result: Promise<SeedResult> = seedKvCache({ ...options, concurrency: 8 });
export const key: string | undefined = explainRoute({
  route: "/about",
  buildId: "a-build",
  runtime: { vinext: "1.4.0" },
}).html.kvKey;
export const start: (options: never) => Promise<{ baseUrl: string }> = startLocalApi;

// @ts-expect-error: a token is needed
void seedKvCache({ root: ".", accountId: "a", namespaceId: "n" });
// @ts-expect-error: not an option
void seedKvCache({ ...options, concurency: 8 });
