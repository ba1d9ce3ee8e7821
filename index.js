// The package's exports. Types and documentation are in index.d.ts.

export { explainRoute } from "./lib/explain-route.js";
export { pruneFromProject } from "./lib/prune-from-project.js";
export { pruneKvCache } from "./lib/prune-kv-cache.js";
export { seedCacheHandler } from "./lib/seed-cache-handler.js";
export { seedCache } from "./lib/seed-cache.js";
export { seedFromProject } from "./lib/seed-from-project.js";
export { verifyFromProject } from "./lib/verify-from-project.js";
export { exportKvSeed, planKvSeed, seedKvCache } from "./lib/seed-kv-cache.js";
