// The package with its default options.
//
// The runtime is given, because the site has no configuration to inspect.

import { seedKvCache } from "../../index.js";
import { ACCOUNT_ID, NAMESPACE_ID, contend } from "./contend.js";

/** Options besides the defaults, as JSON, to find the defaults with. */
const { SEED_OPTIONS = "{}" } = process.env;

await contend(async ({ root, apiBase }) => {
  const result = await seedKvCache({
    root,
    accountId: ACCOUNT_ID,
    namespaceId: NAMESPACE_ID,
    apiToken: "benchmark",
    apiBaseUrl: apiBase,
    runtime: { vinext: "1.4.0" },
    ...JSON.parse(SEED_OPTIONS),
  });
  if (result.skipped !== undefined) throw new Error(result.skipped);
  if (result.routesSkipped.length > 0) throw new Error(result.routesSkipped[0]?.reason);
});
