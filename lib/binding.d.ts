// The native code's functions have the types that `npm run build` writes to index.d.ts.
export { explainRoute, exportKvSeed, planKvSeed, seedKvCache } from "../index.js";

/** The files of the installed packages that tell formats apart, by their path within the package. */
export function probeFiles(): { vinext: string[]; cloudflare: string[] };
