// Recognizes the build of a project that has only a Pages Router and is configured as for an App Router.
//
// vinext 1.4.0 looks for the Worker in `dist/server` and `dist/ssr`. Without an App Router,
// `@cloudflare/vite-plugin` builds it into a directory named after the Worker, unless configured to
// build the environment `ssr`, and pre-rendering ends with "No build output found".

import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** Where vinext looks for a Worker, and directories that are not Workers. */
const EXPECTED = new Set(["client", "server", "ssr"]);

/**
 * Finds such a project's Worker, where vinext does not look for it.
 * @param {string} root
 * @returns {string | undefined} relative to the project
 */
export function misplacedPagesWorker(root) {
  const has = (/** @type {string} */ name) =>
    existsSync(path.join(root, name)) || existsSync(path.join(root, "src", name));
  if (!has("pages") || has("app")) return undefined;
  const dist = path.join(root, "dist");
  const name = namesIn(dist).find(
    (name) => !EXPECTED.has(name) && existsSync(path.join(dist, name, "wrangler.json")),
  );
  return name === undefined ? undefined : path.posix.join("dist", name);
}

/** @param {string} directory */
function namesIn(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
