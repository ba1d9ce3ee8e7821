// An S3 server that computes every signature again, and checks what each user may do.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { seedCache } from "../index.js";
import { findMoto } from "../scripts/moto.js";
import { buildOf, payload, rendered } from "./support/build.js";
import { failureOf } from "./support/seed.js";

const SERVER = fileURLToPath(new URL("s3/signed_server.py", import.meta.url));

const RUNTIME = { runtime: { vinext: "1.4.0" } };

/** Pages whose names are escaped in URLs, each in another way. */
const PAGES = ["/plain", "/a b", "/a+b=c&d", "/é~(1)'!*", "/100%25", "/a/b/c"];

/** What the server prints. */
interface Started {
  endpoint: string;
  region: string;
  writer: User;
  reader: User;
}

interface User {
  id: string;
  secret: string;
}

const env = findMoto();
if (env === undefined) {
  console.error("*** NOT TESTED: no moto for Python; run `node scripts/prepare.js moto` ***");
}

/** A site with these pages. */
function site() {
  const files = PAGES.flatMap((page) => [
    [`${page.slice(1)}.html`, `<p>${page}</p>`],
    [`${page.slice(1)}.rsc`, payload(page)],
  ]);
  const root = buildOf(
    PAGES.map((page) => rendered(page)),
    Object.fromEntries(files),
  );
  writeFileSync(path.join(root, "package.json"), "{}");
  return root;
}

describe.skipIf(env === undefined)("requests to S3", () => {
  let server: Started;
  let stop = () => {};

  beforeAll(async () => {
    const child = spawn("python3", [SERVER], { stdio: ["pipe", "pipe", "inherit"], env });
    stop = () => void child.stdin.end();
    const [line] = await once(createInterface(child.stdout), "line");
    server = JSON.parse(String(line));
  }, 60_000);

  afterAll(() => stop());

  function seedAs(root: string, { id, secret }: User, prefix: string) {
    vi.stubEnv("AWS_ACCESS_KEY_ID", id);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
    const { endpoint, region } = server;
    const store = { type: "s3" as const, bucket: "cache", endpoint, region, prefix };
    const seeding = seedCache({ root, ...RUNTIME, store });
    return seeding.finally(() => vi.unstubAllEnvs());
  }

  it("are signed as Amazon's own library signs them", async () => {
    const root = site();
    const entries = 2 * PAGES.length;
    const first = await seedAs(root, server.writer, "signed/");
    expect(first).toMatchObject({ kvPairsUploaded: entries, kvPairsNotStored: 0, retries: 0 });
    // Reads the digests and lists every object.
    const again = await seedAs(root, server.writer, "signed/");
    expect(again).toMatchObject({ kvPairsUploaded: 0, kvPairsUnchanged: entries, warnings: [] });
  });

  it.each([
    ["with a wrong secret", ({ writer }: Started) => ({ ...writer, secret: "hunter22" })],
    ["of an unknown user", ({ writer }: Started) => ({ ...writer, id: "AKIAUNKNOWN0" })],
    ["of a user who may only read", ({ reader }: Started) => reader],
  ])("%s are refused: S3_UNAUTHORIZED, every entry accounted for", async (_, user) => {
    const { code, message, report } = await failureOf(seedAs(site(), user(server), "refused/"));
    expect(code).toBe("S3_UNAUTHORIZED");
    expect(message).not.toContain("hunter22");
    expect(report).toMatchObject({ kvPairsUploaded: 0, kvPairsNotStored: 2 * PAGES.length });
  });
});
