// The local KV API for Rust's tests: prints its base URL, and ends when standard input does.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { startLocalApi } from "../../../lib/local-api/server.js";

const directory = mkdtempSync(path.join(os.tmpdir(), "vinext-seed-kv-"));
const api = await startLocalApi({
  persistTo: directory,
  namespaceIds: ["one", "two"],
  apiToken: "local-token",
});
console.log(api.baseUrl);
process.stdin.resume().on("end", async () => {
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});
