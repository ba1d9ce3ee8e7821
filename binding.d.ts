// The native code's functions have the types that `npm run build` writes to index.d.ts.
export { explainRoute, exportKvSeed, planKvSeed, probeFiles, seedKvCache } from "./index.js";
