// How a project gets its pages pre-rendered.
//
// In: a project's directory. Out: which command or setting of the installed vinext does it.
// Never: a version number. What the installed command's own help says counts.

import { execFile } from "node:child_process";
import path from "node:path";
import { findCommand } from "./installed-package.js";

/** How long the help may take. */
const TIMEOUT_MS = 30_000;

/** What vinext is called with for all pages to be pre-rendered, where it takes that. */
export const PRERENDER_FLAG = "--prerender-all";

/**
 * Whether the installed `vinext build` can be told to pre-render. Newer versions take it from the
 * Vite configuration only, and have `vite build` do it.
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export function buildTakesPrerenderFlag(root) {
  const vinext = findCommand(root, "vinext");
  if (vinext === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const options = { cwd: path.resolve(root), timeout: TIMEOUT_MS };
    execFile(process.execPath, [vinext, "build", "--help"], options, (_, stdout) => {
      resolve(stdout.includes(PRERENDER_FLAG));
    });
  });
}

/**
 * @param {string} root
 * @returns {Promise<string>}
 */
export async function prerenderHint(root) {
  const how = (await buildTakesPrerenderFlag(root))
    ? `build with \`vinext build ${PRERENDER_FLAG}\``
    : 'set `vinext({ prerender: { routes: "*" } })` in the Vite configuration and build with ' +
      "`vite build`";
  return `to have pages pre-rendered, ${how}; deploying does not pre-render unless it is told to`;
}
