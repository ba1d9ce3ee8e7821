// Seeds in a child process whose environment the test controls; options and result are JSON.

import { seedKvCache } from "../../index.js";

const options = JSON.parse(process.argv[2] ?? "{}");
const outcome = await seedKvCache(options).then(
  (result) => ({ result }),
  (error) => ({ error: { ...error, message: error.message, text: String(error.stack) } }),
);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
