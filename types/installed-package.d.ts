/**
 * @typedef {object} InstalledPackage
 * @property {string} directory
 * @property {{ name?: string, version?: string, bin?: string | Record<string, string> }} manifest
 */
/**
 * Finds a package where Node would from within a project: in `node_modules` (npm, pnpm, workspaces)
 * or through Yarn's Plug'n'Play.
 * @param {string} root
 * @param {string} name
 * @returns {InstalledPackage | undefined}
 */
export function findPackage(root: string, name: string): InstalledPackage | undefined;
/**
 * The script behind a package's command, to be run with Node and without a shell.
 * @param {string} root
 * @param {string} name the package's name, which is also the command's
 * @returns {string | undefined}
 */
export function findCommand(root: string, name: string): string | undefined;
export type InstalledPackage = {
    directory: string;
    manifest: {
        name?: string;
        version?: string;
        bin?: string | Record<string, string>;
    };
};
