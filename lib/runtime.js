// Reads the installed versions of vinext, and the files that distinguish cache formats. The engine
// interprets them.

import { probeFiles } from "./binding.js";
import { findPackage, readPackageFile } from "./installed-package.js";

/**
 * @typedef {object} InstalledRuntime
 * @property {import("../index.js").RuntimeVersions} versions what `seedKvCache` takes as `runtime`
 * @property {string} vinext the directory of `vinext`
 * @property {string | undefined} cloudflare the directory of `@vinext/cloudflare`
 */

/**
 * @param {string} root
 * @param {AbortSignal} [signal]
 * @returns {Promise<InstalledRuntime | undefined>} nothing if there is no vinext
 */
export async function findRuntime(root, signal) {
  const [vinext, cloudflare] = await Promise.all([
    findPackage(root, "vinext", signal),
    findPackage(root, "@vinext/cloudflare", signal),
  ]);
  if (vinext?.manifest.version === undefined) return undefined;
  const files = probeFiles();
  return {
    versions: {
      vinext: vinext.manifest.version,
      ...(cloudflare?.manifest.version === undefined
        ? {}
        : { cloudflare: cloudflare.manifest.version }),
      probes: {
        vinext: contents(vinext.directory, files.vinext),
        ...(cloudflare === undefined
          ? {}
          : { cloudflare: contents(cloudflare.directory, files.cloudflare) }),
      },
    },
    vinext: vinext.directory,
    cloudflare: cloudflare?.directory,
  };
}

/**
 * @param {string} directory
 * @param {string[]} names
 * @returns {Record<string, string>} by name; missing packages are omitted
 */
function contents(directory, names) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const name of names) {
    try {
      found[name] = readPackageFile(directory, name);
    } catch {
      // Not every version has every file.
    }
  }
  return found;
}
