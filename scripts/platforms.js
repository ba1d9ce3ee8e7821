// `npm run test:platforms`: seeds a build on every platform that this machine can run, into real local KV,
// and compares all entries.
//
// Arguments choose rows by a part of their name: `npm run test:platforms -- Deno statx`. Exits with 1 after
// a failure, and if no row could run.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startLocalApi } from "../lib/local-api/server.js";
import { LOCAL_API, compareStored, seedArgument } from "./platforms/fixture.js";
import { ROWS, whyNot } from "./platforms/rows.js";

const CHILD = fileURLToPath(new URL("platforms/seed-child.js", import.meta.url));

/** A seeding takes a second or two; emulators and busy machines take longer. */
const LIMIT_MS = 120_000;

const parts = process.argv.slice(2);
const rows = ROWS.filter(
  ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
);
if (rows.length === 0) {
  throw new RangeError(`no row has such a name: ${ROWS.map(({ name }) => name).join("; ")}`);
}

const state = mkdtempSync(path.join(os.tmpdir(), "seed-native-platforms-"));
const namespaceIds = rows.map((_, index) => `row-${index}`);
const api = await startLocalApi({ persistTo: state, namespaceIds, ...LOCAL_API });
let passed = 0;
try {
  for (const [index, row] of rows.entries()) {
    const reason = whyNot(row);
    if (reason !== undefined) {
      console.log(`skipped  ${row.name}: ${reason}`);
      continue;
    }
    const place = { baseUrl: api.baseUrl, namespaceId: `row-${index}` };
    const started = performance.now();
    const output = await run([...row.command, CHILD, seedArgument(place)]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { equal, problems } = await compareStored(place);
    const counted = `${equal}/${equal + problems.length} values, ${seconds} s`;
    if (problems.length === 0) {
      console.log(`passed   ${row.name}: ${counted}`);
      passed++;
    } else {
      console.log(
        `FAILED   ${row.name}: ${counted}\n${problems.slice(0, 5).join("\n")}\n${output}`,
      );
      process.exitCode = 1;
    }
  }
} finally {
  await api.close();
  rmSync(state, { recursive: true, force: true });
}
if (passed === 0) process.exitCode = 1;

/**
 * Runs a command, and returns what it printed.
 * @param {string[]} command
 * @returns {Promise<string>}
 */
function run([file = "", ...args]) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => (output += text));
    }
    child.once("error", (error) => resolve(`${output}${error.message}`));
    child.once("close", () => resolve(output));
  });
}
