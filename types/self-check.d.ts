/**
 * A path for which the two disagree.
 * @typedef {object} Difference
 * @property {string} path
 * @property {string} ours
 * @property {string} theirs
 */
/**
 * @param {import("./runtime.js").InstalledRuntime} runtime
 * @returns {Promise<Difference | undefined>}
 */
export function selfCheck(runtime: import("./runtime.js").InstalledRuntime): Promise<Difference | undefined>;
/**
 * A path for which the two disagree.
 */
export type Difference = {
    path: string;
    ours: string;
    theirs: string;
};
export type KeyFunctions = {
    key: (pathname: string, kind: string) => string;
    normalizePathname: (pathname: string) => string;
    entryKey: ((logicalKey: string) => string) | undefined;
};
