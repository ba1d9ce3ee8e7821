import { explainRoute, seedKvCache, type SeedOptions, type SeedResult } from "@vinext/seed-native";
import { startLocalApi } from "@vinext/seed-native/local-api";
import { withSeed } from "@vinext/seed-native/vite";

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

const descriptor = { adapter: "kv", options: { binding: "CACHE" } };
export const binding: string = withSeed(descriptor, { strict: true }).options.binding;
// @ts-expect-error: no descriptor
void withSeed(undefined);
// @ts-expect-error: the build knows its root
void withSeed(descriptor, { root: "." });
