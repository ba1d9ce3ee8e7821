// Starts an S3 server in a temporary directory, prints its URL, and ends with its standard input.

import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
// @ts-expect-error It has no types.
import S3rver from "s3rver";

const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-s3-"));
const server = new S3rver({
  port: 0,
  address: "127.0.0.1",
  silent: true,
  directory,
  configureBuckets: [{ name: "cache", configs: [] }],
});
// It fails if there is no directory of the key any more. S3 has none, and ignores a missing key.
const remove = server.store.deleteObject.bind(server.store);
server.store.deleteObject = (/** @type {unknown[]} */ ...args) =>
  remove(...args).catch((/** @type {{ code?: string }} */ error) => {
    if (error.code !== "ENOENT") throw error;
  });
const { port } = await server.run();
console.log(`http://127.0.0.1:${port}`);
process.stdin.resume();
process.stdin.once("end", () => {
  // Closing would wait for connections that clients keep.
  rmSync(directory, { recursive: true, force: true });
  process.exit();
});
