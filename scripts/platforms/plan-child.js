// Plans what its argument says, as JSON, in whatever runtime runs it. Prints the plan.

import { planKvSeed } from "../../index.js";

console.log(JSON.stringify(await planKvSeed(JSON.parse(process.argv[2] ?? ""))));
