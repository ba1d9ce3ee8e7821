// Asks Yarn's Plug'n'Play loader of a project where a package is: a reader.

import { createRequire } from "node:module";
import { answerAsReader } from "./reader.js";

await answerAsReader(async (loader, name, from) => {
  const api = createRequire(loader)(loader);
  return api.resolveToUnqualified(name, from);
});
