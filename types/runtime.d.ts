/**
 * @typedef {object} InstalledRuntime
 * @property {import("../index.js").RuntimeVersions} versions what `seedKvCache` takes as `runtime`
 * @property {string} vinext the directory of `vinext`
 * @property {string | undefined} cloudflare the directory of `@vinext/cloudflare`
 */
/**
 * @param {string} root
 * @returns {InstalledRuntime | undefined} nothing if there is no vinext
 */
export function findRuntime(root: string): InstalledRuntime | undefined;
export type InstalledRuntime = {
    /**
     * what `seedKvCache` takes as `runtime`
     */
    versions: import("../index.js").RuntimeVersions;
    /**
     * the directory of `vinext`
     */
    vinext: string;
    /**
     * the directory of `@vinext/cloudflare`
     */
    cloudflare: string | undefined;
};
