// Asks an API in a separate process, whose environment is the test's choice: the request as JSON in
// the first argument, one line of JSON as the answer.

import { apiRequest } from "../../lib/binding.js";

const outcome = await apiRequest(JSON.parse(process.argv[2] ?? "{}")).then(
  (answer) => ({ answer }),
  (error) => ({ error: { ...error, message: error.message } }),
);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
