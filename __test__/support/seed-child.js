// Seeds in a process of its own, whose environment is the test's choice.
//
// In: options as JSON in the first argument. Out: one line of JSON, a result or an error.

import { seedKvCache } from "../../index.js";

const options = JSON.parse(process.argv[2] ?? "{}");
const outcome = await seedKvCache(options).then(
  (result) => ({ result }),
  (error) => ({ error: { ...error, message: error.message, text: String(error.stack) } }),
);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
