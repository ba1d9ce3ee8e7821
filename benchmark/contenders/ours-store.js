// The package with its default options, into a store that is not Workers KV (`ROOT STORE`).

import { seedCache } from "../../index.js";
import { contend } from "./contend.js";

await contend(async ({ root, store }) => {
  const result = await seedCache({ root, store, runtime: { vinext: "1.4.0" } });
  if (result.skipped !== undefined) throw new Error(result.skipped);
  if (result.routesSkipped.length > 0) throw new Error(result.routesSkipped[0]?.reason);
});
