// `npm run test:platforms`: seeds a build on every platform that this machine can run, into real local KV,
// and compares all entries.
//
// `npm run test:platforms -- --all` also runs the rows that take long. Arguments choose rows of both kinds by a part
// of their name: `npm run test:platforms -- Deno statx`. Exits with 1 after a failure, and if no row could run.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startLocalApi } from "../lib/local-api/server.js";
import { LOCAL_API } from "./platforms/fixture.js";
import { Missing } from "./platforms/missing.js";
import { ROWS, choose } from "./platforms/rows.js";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { all: { type: "boolean", default: false } },
});
const rows = choose(ROWS, { parts: positionals, all: values.all });

const state = mkdtempSync(path.join(os.tmpdir(), "seed-native-platforms-"));
const namespaceIds = rows.map((_, index) => `row-${index}`);
const api = await startLocalApi({ persistTo: state, namespaceIds, ...LOCAL_API });
let passed = 0;
try {
  for (const [index, row] of rows.entries()) {
    const place = { baseUrl: api.baseUrl, namespaceId: `row-${index}` };
    if (await runRow(row, place)) passed++;
  }
} finally {
  await api.close();
  rmSync(state, { recursive: true, force: true });
}
if (passed === 0) process.exitCode = 1;

/**
 * @param {import("./platforms/rows.js").Row} row
 * @param {import("./platforms/fixture.js").Place} place a namespace of its own
 * @returns {Promise<boolean>} whether it has passed
 */
async function runRow({ name, prepare, test }, place) {
  try {
    if (process.platform !== "linux" || process.arch !== "x64") {
      throw new Missing("needs Linux on x64");
    }
    const { summary, problems, output = "" } = await test(prepare(), place);
    if (problems.length === 0) {
      console.log(`passed   ${name}: ${summary}`);
      return true;
    }
    console.log(`FAILED   ${name}: ${summary}\n${problems.slice(0, 5).join("\n")}\n${output}`);
  } catch (error) {
    if (error instanceof Missing) {
      console.log(`skipped  ${name}: ${error.message}`);
      return false;
    }
    console.log(`FAILED   ${name}: ${error instanceof Error ? error.message : error}`);
  }
  process.exitCode = 1;
  return false;
}
