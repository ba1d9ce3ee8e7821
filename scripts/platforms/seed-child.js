// Seeds what its argument says, as JSON, in whatever runtime runs it. Prints what the addon reported.

import { seedKvCache } from "../../index.js";

const { seededRoutes, skipped } = await seedKvCache(JSON.parse(process.argv[2] ?? ""));
console.log(JSON.stringify({ seededRoutes, skipped }));
