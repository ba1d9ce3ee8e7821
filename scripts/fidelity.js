// `npm run test:fidelity -- --cases 1000000`: runs the differential test with as many cases as you like.
//
// Options: `--cases N` per version (default 100,000), `--seed N`. Prints a line per version and exits with 1
// after a difference.

import { parseArgs } from "node:util";
import { REPRESENTATIVES } from "../compat/oracles/client.js";
import { compare } from "../compat/oracles/differential.js";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const [cases, seed] = [Number(values.cases), Number(values.seed)];
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed)) {
  throw new RangeError("--cases and --seed take whole numbers");
}
console.log(`${cases} cases for each version, seed ${seed}`);
for (const versions of REPRESENTATIVES) {
  const { agreed, difference } = await compare(versions, cases, seed);
  const adapter = versions.cloudflare ? ` with adapter ${versions.cloudflare}` : "";
  console.log(`vinext ${versions.vinext}${adapter}: ${agreed} agree`);
  if (difference !== undefined) {
    console.log(JSON.stringify(difference, null, 2));
    process.exitCode = 1;
  }
}
