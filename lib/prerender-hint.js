// Explains how to enable pre-rendering, based on the help of the project's own `vinext` command.

import path from "node:path";
import { findCommand } from "./installed-package.js";
import { misplacedPagesWorker } from "./pages-router-build.js";
import { sanitize } from "./sanitized-text.js";
import { runScript } from "./script.js";
import { withoutSecrets } from "./secrets.js";

/** How long the help may take. It loads vinext, which takes a second or two. */
const TIMEOUT_MS = 30_000;

/** The flag that makes vinext pre-render all pages, in versions that accept it. */
export const PRERENDER_FLAG = "--prerender-all";

/**
 * Whether the installed `vinext build` accepts an option to pre-render. Newer versions take it from the
 * Vite configuration only, and have `vite build` do it.
 * @param {string} root
 * @param {AbortSignal} [signal]
 * @returns {Promise<boolean>}
 */
export async function buildTakesPrerenderFlag(root, signal) {
  const vinext = await findCommand(root, "vinext", signal);
  if (vinext === undefined) return false;
  const env = withoutSecrets(process.env);
  const how = { cwd: path.resolve(root), env, timeoutMs: TIMEOUT_MS, signal };
  const { stdout } = await runScript(vinext, ["build", "--help"], how);
  return stdout.includes(PRERENDER_FLAG);
}

/**
 * @param {string} root
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>}
 */
export async function prerenderHint(root, signal) {
  const misplaced = misplacedPagesWorker(root);
  if (misplaced !== undefined) {
    return (
      `vinext found no Worker for pre-rendering, because it is in ${sanitize(misplaced)}; for a project with ` +
      'only a Pages Router, set `cloudflare({ viteEnvironment: { name: "ssr" } })` in the Vite configuration and ' +
      "build again"
    );
  }
  const how = (await buildTakesPrerenderFlag(root, signal))
    ? `build with \`vinext build ${PRERENDER_FLAG}\``
    : 'set `vinext({ prerender: { routes: "*" } })` in the Vite configuration and build with ' +
      "`vite build`";
  return `to have pages pre-rendered, ${how}; deploying does not pre-render by default`;
}
