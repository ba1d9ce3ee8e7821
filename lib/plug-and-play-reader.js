// Asks a project's Plug'n'Play loader for a package's location: a reader.

import { createRequire } from "node:module";
import { answerAsReader } from "./reader.js";

await answerAsReader(async (loader, name, from) => {
  const api = createRequire(loader)(loader);
  return api.resolveToUnqualified(name, from);
});
