// A project's `basePath`, as its own vinext reads it.

import path from "node:path";
import { pathToFileURL } from "node:url";
import { findPackage } from "../../lib/installed-package.js";
import { answerAsReader } from "../../lib/reader.js";

await answerAsReader(async (root = ".") => {
  const vinext = await findPackage(root, "vinext");
  if (vinext === undefined) throw new Error(`vinext is not installed in ${root}`);
  const module = path.join(vinext.directory, "dist", "config", "next-config.js");
  const { loadNextConfig } = await import(pathToFileURL(module).href);
  const config = await loadNextConfig(root);
  return { basePath: config?.basePath ?? "" };
});
