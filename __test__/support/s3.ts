// A real S3 server, and Amazon's own client for it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const HOME = fileURLToPath(new URL("../s3", import.meta.url));

/** Whether the server is installed. If it is not, tests print that they are skipped. */
export const hasS3 = existsSync(path.join(HOME, "node_modules"));
if (!hasS3) {
  console.error("*** NOT TESTED: no S3 server; run `node scripts/prepare.js __test__/s3` ***");
}

/** The server's credentials. */
export const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

/** Starts a server with the bucket `cache`, which ends with the test. */
export async function startS3() {
  const server = path.join(HOME, "server.js");
  // It makes the tokens of listings with several pages with DES.
  const args = ["--openssl-legacy-provider", server];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.stdin.end());
  const [line] = await once(child.stdout.setEncoding("utf-8"), "data");
  const endpoint = String(line).trim();
  const { S3 } = createRequire(path.join(HOME, "package.json"))("@aws-sdk/client-s3");
  const client = new S3({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: CREDENTIALS,
  });
  onTestFinished(() => client.destroy());
  return { endpoint, client };
}
