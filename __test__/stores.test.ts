// Stores other than Workers KV, through the API and the command: what is stored, and what is said where
// that fails.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import net from "node:net";
import tls from "node:tls";
import { once } from "node:events";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { planKvSeed, seedCache, seedFromProject } from "../index.js";
import { buildOf, key, payload, rendered, temporaryDirectory } from "./support/build.js";
import { createAuthority } from "./support/certificates.js";
import { BIN, run } from "./support/cli.js";
import { listen } from "./support/loopback.js";
import { commandsIn, freePort, hasRedis, startAnswering, startRedis } from "./support/redis.js";
import { CREDENTIALS, hasS3, startS3 } from "./support/s3.js";
import { failureOf, seeded } from "./support/seed.js";

const RUNTIME = { runtime: { vinext: "1.4.0" } };
const QUICK = { retry: { attempts: 3, initialDelayMs: 1, maxDelayMs: 2 } };
const BRIEF = { ...QUICK, timeouts: { connectMs: 2000, replyMs: 100, idleMs: 100 } };

/** A site of `count` pages, each with HTML and a payload; the first revalidates. */
function site(count: number, size = 10) {
  const pages = Array.from({ length: count }, (_, index) => `/p${index}`);
  const routes = pages.map((page, index) =>
    rendered(page, index === 0 ? { revalidate: 60, expire: 3600 } : {}),
  );
  const files = pages.flatMap((page) => [
    [`${page.slice(1)}.html`, `<p>${"é".repeat(size)}</p>`],
    [`${page.slice(1)}.rsc`, payload(page)],
  ]);
  const root = buildOf(routes, Object.fromEntries(files));
  writeFileSync(path.join(root, "package.json"), "{}");
  return root;
}

/** A result or a report whose entries are all accounted for. */
function expectComplete(report: any, planned: number) {
  expect(report.kvPairsPlanned).toBe(planned);
  expect(report.kvPairsUploaded + report.kvPairsNotStored).toBe(planned);
  const listed = report.notStored.reduce((sum: number, { count }: any) => sum + count, 0);
  expect(listed).toBe(report.kvPairsNotStored);
}

describe.skipIf(!hasRedis)("a Redis store", () => {
  it("gets the same JSON as Workers KV, under unhashed keys", async () => {
    const appPrefix = "p".repeat(600);
    const root = buildOf([rendered("/", { revalidate: 60 }), rendered("/about")], {
      "index.html": "<p>home \u{1f600}\n</p>",
      "index.rsc": payload("home"),
      "about.html": "<p>\u2028 & \\</p>",
    });
    const { client, url } = await startRedis();
    const before = Date.now();
    const result = await seedCache({ root, ...RUNTIME, store: { type: "redis", url } });
    expect(result).toMatchObject({ seededRoutes: 2, kvPairsUploaded: 3, kvPairsPlanned: 3 });

    const { pairs } = await seeded(root, { runtime: { vinext: "1.4.0", cloudflare: "1.4.0" } });
    for (const page of ["/", "/about"]) {
      const name = key(page, "html");
      const stored = JSON.parse((await client.get(name)) ?? "null");
      const inKv = JSON.parse(pairs.find((pair) => pair.key === name)?.value ?? "null");
      const times = { lastModified: inKv.lastModified, revalidateAt: inKv.revalidateAt };
      expect({ ...stored, ...times }).toEqual(inKv);
    }
    const names = await client.keys("*");
    expect(names.sort()).toEqual([key("/", "html"), key("/", "rsc"), key("/about", "html")].sort());
    // Workers KV would get a hash of this prefix.
    await seedCache({ root, ...RUNTIME, store: { type: "redis", url, appPrefix } });
    expect(await client.exists(`${appPrefix}:${key("/about", "html")}`)).toBe(1);
    // Pages that revalidate stay for 30 days, static ones until they are deleted.
    const left = await client.pttl(key("/", "html"));
    expect(left).toBeGreaterThan(2_592_000_000 - (Date.now() - before) - 1000);
    expect(await client.pttl(key("/about", "html"))).toBe(-1);
  });

  it("applies appPrefix, ttlSeconds and database", async () => {
    const root = site(1);
    const { client, url } = await startRedis();
    const options = { ...RUNTIME, root, ttlSeconds: 90, htmlOnly: true };
    await seedCache({ ...options, store: { type: "redis", url: `${url}/2`, appPrefix: "shop" } });
    await client.select(2);
    expect(await client.keys("*")).toEqual([`shop:${key("/p0", "html")}`]);
    const left = await client.pttl(`shop:${key("/p0", "html")}`);
    expect(left).toBeGreaterThan(60_000);
    expect(left).toBeLessThanOrEqual(90_000);
  });

  it("is planned with the same numbers as seeding", async () => {
    const root = site(30);
    const { url } = await startRedis();
    const plan = await planKvSeed({ root, ...RUNTIME, store: { type: "redis", url } });
    const result = await seedCache({ root, ...RUNTIME, store: url });
    expect(plan).toMatchObject({
      routes: result.seededRoutes,
      kvPairs: result.kvPairsUploaded,
      bytes: result.bytesUploaded,
    });
  });

  it("is seeded by the command and seedFromProject without showing the password", async () => {
    const root = site(2);
    const password = "s3cr3t/pa:ss@word";
    const { client, port } = await startRedis(["--requirepass", password], { password });
    const url = `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}`;
    const { code, stdout, stderr } = await run(BIN, [
      "run",
      root,
      "--to",
      url,
      "--vinext-version",
      "1.4.0",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`into redis://127.0.0.1:${port}`);
    expect(await client.dbsize()).toBe(4);

    const plan = await run(BIN, ["plan", root, "--to", url, "--json", "--vinext-version", "1.4.0"]);
    const document = JSON.parse(plan.stdout);
    expect(document).toMatchObject({ kvPairs: 4, target: { store: `redis://127.0.0.1:${port}` } });
    expect(document).not.toHaveProperty("freePlan");

    const store = { type: "redis" as const, url };
    const result = await seedFromProject({ root, ...RUNTIME, store });
    expect(result.target).toEqual({ store: `redis://127.0.0.1:${port}` });
    const wrong = await seedFromProject({
      root,
      ...RUNTIME,
      store: { type: "redis", url: `redis://:wr0ngpassword@127.0.0.1:${port}` },
    });
    expect(wrong.failure?.code).toBe("REDIS_UNAUTHORIZED");
    const said = JSON.stringify([stdout, stderr, plan, result, wrong]);
    for (const secret of [password, encodeURIComponent(password), "wr0ngpassword"]) {
      expect(said).not.toContain(secret);
    }
  });

  it("is reached over TLS with NODE_EXTRA_CA_CERTS", async () => {
    const root = site(1);
    const { client, port } = await startRedis();
    const authority = await createAuthority();
    const proxy = tls.createServer(await authority.issue(), (socket) => {
      const to = net.connect(port, "127.0.0.1");
      socket.on("error", () => to.destroy());
      to.on("error", () => socket.destroy());
      socket.pipe(to).pipe(socket);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    onTestFinished(() => void proxy.close());
    const url = `rediss://localhost:${(proxy.address() as net.AddressInfo).port}`;
    const args = ["run", root, "--to", url, "--json", "--vinext-version", "1.4.0"];
    const untrusted = await run(BIN, args);
    expect(JSON.parse(untrusted.stdout).failure.code).toBe("TLS_UNTRUSTED");
    const file = path.join(temporaryDirectory(), "ca.pem");
    writeFileSync(file, authority.pem);
    const trusted = await run(BIN, args, { env: { NODE_EXTRA_CA_CERTS: file } });
    expect(JSON.parse(trusted.stdout)).toMatchObject({ kvPairsUploaded: 2 });
    expect(await client.dbsize()).toBe(2);
  });

  it("reports what was stored before it was full", async () => {
    const root = site(100, 20_000);
    const { client, url } = await startRedis(["--maxmemory", "4mb"]);
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store: url }));
    expect(failure.code).toBe("REDIS_OUT_OF_MEMORY");
    expect(failure.message).toContain("maxmemory");
    expectComplete(failure.report, 200);
    expect(await client.dbsize()).toBe(failure.report?.kvPairsUploaded);
  });

  it("refuses a wrong password, and every entry is accounted for", async () => {
    const { client, port } = await startRedis(["--requirepass", "right"], { password: "right" });
    const store = `redis://:hunter22@127.0.0.1:${port}`;
    const failure = await failureOf(seedCache({ root: site(3), ...RUNTIME, ...QUICK, store }));
    expect(failure.code).toBe("REDIS_UNAUTHORIZED");
    expect(failure.message).not.toContain("hunter22");
    expectComplete(failure.report, 6);
    expect(failure.report?.retries).toBe(0);
    expect(await client.dbsize()).toBe(0);
  });
});

describe("faults of a Redis store", () => {
  it.each([
    ["LOADING", "-LOADING Redis is loading the dataset in memory\r\n", "REDIS_NOT_READY"],
    ["READONLY", "-READONLY You can't write against a read only replica.\r\n", "REDIS_READ_ONLY"],
    ["CLUSTERDOWN", "-CLUSTERDOWN The cluster is down\r\n", "REDIS_NOT_READY"],
  ])("retries %s, then fails with a reason", async (_, reply, code) => {
    const root = site(3);
    const always = await startAnswering((_connection, bytes) => reply.repeat(commandsIn(bytes)));
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store: always.url }));
    expect(failure.code).toBe(code);
    expectComplete(failure.report, 6);
    expect(failure.report?.notStored[0]).toMatchObject({ code, mayBeStored: false, count: 6 });

    let asked = 0;
    const once = await startAnswering((_connection, bytes) => {
      asked += 1;
      return (asked === 1 ? reply : "+OK\r\n").repeat(commandsIn(bytes));
    });
    const result = await seedCache({ root, ...RUNTIME, ...QUICK, store: once.url });
    expect(result).toMatchObject({ kvPairsUploaded: 6, retries: 1 });
  });

  it("resends unconfirmed entries after a lost connection", async () => {
    const root = site(3);
    const server = await startAnswering((connection, bytes) =>
      connection === 0 ? undefined : "+OK\r\n".repeat(commandsIn(bytes)),
    );
    const result = await seedCache({ root, ...RUNTIME, ...QUICK, store: server.url });
    expect(result).toMatchObject({ kvPairsUploaded: 6, retries: 1 });

    const never = await startAnswering(() => undefined);
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store: never.url }));
    expect(failure.code).toBe("NETWORK_ERROR");
    expectComplete(failure.report, 6);
    expect(failure.report?.notStored[0]?.mayBeStored).toBe(true);
  });

  it("accounts for every entry if connections keep breaking in the middle of a pipeline", async () => {
    const root = site(3);
    const some = await startAnswering((connection, bytes) =>
      connection === 0 ? { last: "+OK\r\n+OK\r\n" } : "+OK\r\n".repeat(commandsIn(bytes)),
    );
    const result = await seedCache({ root, ...RUNTIME, ...QUICK, store: some.url });
    expect(result).toMatchObject({ kvPairsUploaded: 6, kvPairsNotStored: 0 });
    expect(some.connections()).toBeGreaterThan(1);

    const always = await startAnswering(() => ({ last: "+OK\r\n" }));
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store: always.url }));
    expect(failure.code).toBe("NETWORK_ERROR");
    expectComplete(failure.report, 6);
    // What each connection confirmed before it broke.
    expect(failure.report?.kvPairsUploaded).toBeGreaterThan(0);
    const lost = failure.report?.notStored ?? [];
    expect(lost.every(({ mayBeStored }) => mayBeStored)).toBe(true);
  });

  it("ends immediately if the login is wrong or rejected, and accounts for every entry", async () => {
    for (const reply of [
      "-NOAUTH Authentication required.\r\n",
      "-NOPERM No permissions to run the 'set' command\r\n",
    ]) {
      const server = await startAnswering((_connection, bytes) => reply.repeat(commandsIn(bytes)));
      const failure = await failureOf(
        seedCache({ root: site(3), ...RUNTIME, ...QUICK, store: server.url }),
      );
      expect(failure.code).toBe("REDIS_UNAUTHORIZED");
      expectComplete(failure.report, 6);
      expect(failure.report?.notStored[0]?.mayBeStored).toBe(false);
      expect(failure.report?.retries).toBe(0);
    }
  });

  it("fails if the server does not exist or never answers", async () => {
    const root = site(3);
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    const refused = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store: nowhere }));
    expect(refused.code).toBe("NETWORK_ERROR");
    expectComplete(refused.report, 6);
    expect(refused.report?.notStored[0]?.mayBeStored).toBe(false);

    const silent = await startAnswering(() => "");
    const slow = await failureOf(seedCache({ root, ...RUNTIME, ...BRIEF, store: silent.url }));
    expect(slow.code).toBe("REDIS_TIMEOUT");
    expectComplete(slow.report, 6);
  });

  it("waits for a slow server as long as it keeps answering", async () => {
    const replyMs = 600;
    const server = net.createServer((socket) => {
      let waiting = Promise.resolve();
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => {
        for (let command = commandsIn(bytes); command > 0; command -= 1) {
          waiting = waiting.then(async () => {
            await new Promise((resolve) => setTimeout(resolve, replyMs / 3));
            socket.write("+OK\r\n");
          });
        }
      });
    });
    const store = `redis://127.0.0.1:${await listen(server)}`;
    const options = { ...RUNTIME, ...QUICK, timeouts: { replyMs }, store };
    const result = await seedCache({ root: site(3), ...options });
    expect(result).toMatchObject({ kvPairsUploaded: 6, retries: 0 });
    expect(result.durationMs).toBeGreaterThan(1.5 * replyMs);
  });

  it("follows a moved cluster slot, and ends on endless redirects", async () => {
    const root = site(3);
    const target = await startAnswering((_connection, bytes) =>
      "+OK\r\n".repeat(commandsIn(bytes)),
    );
    const { host } = new URL(target.url);
    const first = await startAnswering((_connection, bytes) => {
      const text = bytes.toString("latin1");
      if (text.includes("CLUSTER")) {
        const [name, port] = host.split(":");
        return `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$${name?.length}\r\n${name}\r\n:${port}\r\n`;
      }
      return `-MOVED 1 ${host}\r\n`.repeat(commandsIn(bytes));
    });
    const result = await seedCache({ root, ...RUNTIME, ...QUICK, store: first.url });
    expect(result).toMatchObject({ kvPairsUploaded: 6, retries: 1 });

    const endless = await startAnswering((_connection, bytes) =>
      commandsIn(bytes) === 0
        ? "-ERR This instance has cluster support disabled\r\n"
        : "-MOVED 1 :1\r\n".repeat(commandsIn(bytes)),
    );
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store: endless.url }));
    expect(failure.code).toBe("REDIS_MOVED");
    expectComplete(failure.report, 6);
  });
});

/** Credentials as the engine finds them, until the test is over. */
function setCredentials({ accessKeyId, secretAccessKey }: typeof CREDENTIALS) {
  const variables = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    onTestFinished(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

describe.skipIf(!hasS3)("an S3 store", () => {
  it("has one object per entry, readable by Amazon's client", async () => {
    const root = site(20);
    const { endpoint, client } = await startS3();
    setCredentials(CREDENTIALS);
    const store = { type: "s3" as const, bucket: "cache", endpoint, appPrefix: "shop" };
    const plan = await planKvSeed({ root, ...RUNTIME, store });
    const result = await seedCache({ root, ...RUNTIME, store });
    expect(result).toMatchObject({ seededRoutes: 20, kvPairsUploaded: 40, kvPairsNotStored: 0 });
    expect(plan).toMatchObject({ kvPairs: 40, bytes: result.bytesUploaded });
    const { Contents } = await client.listObjectsV2({ Bucket: "cache" });
    const isDigests = ({ Key: name }: { Key: string }) => name.startsWith("vinext-seed/");
    expect(Contents.filter(isDigests)).toHaveLength(1);
    expect(Contents).toHaveLength(41);
    const Key = `vinext-cache/shop:${key("/p3", "html")}`;
    const object = await client.getObject({ Bucket: "cache", Key });
    expect(object.ContentType).toBe("application/json");
    const inKv = (await seeded(root)).pairs.find((pair) => pair.key === key("/p3", "html"));
    expect(JSON.parse(await object.Body.transformToString())).toEqual({
      ...JSON.parse(inKv?.value ?? "null"),
    });
  });

  it("is selected by --to s3://… without showing the secret", async () => {
    const root = site(1);
    const { endpoint, client } = await startS3();
    const args = ["run", root, "--to", "s3://cache/site-a", "--json", "--vinext-version", "1.4.0"];
    const env = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: "S3RVER",
      AWS_SECRET_ACCESS_KEY: "S3RVER",
    };
    const { stdout } = await run(BIN, args, { env });
    const target = { store: "s3://cache/site-a/" };
    expect(JSON.parse(stdout)).toMatchObject({ kvPairsUploaded: 2, target });
    const { Contents } = await client.listObjectsV2({ Bucket: "cache" });
    const names = Contents.map((object: { Key: string }) => object.Key);
    expect(names).toContain(`site-a/${key("/p0", "html")}`);

    const wrong = await run(BIN, args, {
      env: { ...env, AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "hunter22-wrong" },
    });
    const { failure, ...report } = JSON.parse(wrong.stdout);
    expect(failure.code).toBe("S3_UNAUTHORIZED");
    expectComplete(report, 2);
    expect(wrong.stdout + wrong.stderr).not.toContain("hunter22");
  });

  it("reports a missing bucket", async () => {
    const { endpoint } = await startS3();
    setCredentials(CREDENTIALS);
    const store = { type: "s3" as const, bucket: "missing", endpoint };
    const failure = await failureOf(seedCache({ root: site(30), ...RUNTIME, ...QUICK, store }));
    expect(failure.code).toBe("S3_BUCKET_MISSING");
    expectComplete(failure.report, 60);
  });
});

describe("faults of an S3 store", () => {
  it.each([
    ["503 Slow Down", "SlowDown", "S3_THROTTLED"],
    ["500 Internal Server Error", "InternalError", "S3_NOT_READY"],
    ["403 Forbidden", "RequestTimeTooSkewed", "S3_CLOCK_SKEWED"],
    ["403 Forbidden", "SignatureDoesNotMatch", "S3_UNAUTHORIZED"],
    ["404 Not Found", "NoSuchBucket", "S3_BUCKET_MISSING"],
    ["301 Moved Permanently", "PermanentRedirect", "S3_WRONG_REGION"],
    ["507 Insufficient Storage", "XMinioStorageFull", "S3_FULL"],
  ])("%s (%s): every entry is accounted for", async (status, word, code) => {
    setCredentials(CREDENTIALS);
    const xml = `<Error><Code>${word}</Code></Error>`;
    const headers = `content-length: ${xml.length}\r\nconnection: close`;
    const server = await startAnswering(() => `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${xml}`);
    const endpoint = server.url.replace("redis:", "http:");
    const store = { type: "s3" as const, bucket: "cache", endpoint };
    const failure = await failureOf(seedCache({ root: site(5), ...RUNTIME, ...QUICK, store }));
    expect(failure.code).toBe(code);
    expectComplete(failure.report, 10);
  });

  it("fails in time if the server never answers", async () => {
    setCredentials(CREDENTIALS);
    const silent = await startAnswering(() => "");
    const endpoint = silent.url.replace("redis:", "http:");
    const store = { type: "s3" as const, bucket: "cache", endpoint };
    const failure = await failureOf(seedCache({ root: site(5), ...RUNTIME, ...BRIEF, store }));
    expect(failure.code).toBe("S3_TIMEOUT");
    expectComplete(failure.report, 10);
    expect(failure.report?.notStored[0]?.mayBeStored).toBe(true);
  });

  it("stores everything if the server is busy for a while", async () => {
    setCredentials(CREDENTIALS);
    let asked = 0;
    const server = await startAnswering((_connection, bytes) => {
      asked += Number(bytes.toString("latin1").startsWith("PUT "));
      const [status, xml] =
        asked < 3 ? ["503 Slow Down", "<Error><Code>SlowDown</Code></Error>"] : ["200 OK", ""];
      const headers = `content-length: ${xml.length}\r\netag: "e"\r\nconnection: close`;
      return `HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${xml}`;
    });
    const endpoint = server.url.replace("redis:", "http:");
    const store = { type: "s3" as const, bucket: "cache", endpoint };
    const result = await seedCache({ root: site(2), ...RUNTIME, ...QUICK, store, concurrency: 1 });
    expect(result).toMatchObject({ kvPairsUploaded: 4, kvPairsNotStored: 0 });
    expect(result.retries).toBeGreaterThan(0);
  });

  it("retries a refused or reset connection, then reports it", async () => {
    setCredentials(CREDENTIALS);
    const reset = await startAnswering(() => undefined);
    for (const url of [reset.url, `redis://127.0.0.1:${await freePort()}`]) {
      const endpoint = url.replace("redis:", "http:");
      const store = { type: "s3" as const, bucket: "cache", endpoint };
      const failure = await failureOf(seedCache({ root: site(5), ...RUNTIME, ...QUICK, store }));
      expect(failure.code).toBe("NETWORK_ERROR");
      expectComplete(failure.report, 10);
    }
  });

  it("accounts for what was stored before the server refused more", async () => {
    setCredentials(CREDENTIALS);
    const stored = new Set<string>();
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        const { method, url = "" } = request;
        const fails = (status: number, word: string) =>
          void response.writeHead(status).end(`<Error><Code>${word}</Code></Error>`);
        if (method === "GET") return fails(404, "NoSuchKey");
        if (stored.size >= 7) return fails(503, "SlowDown");
        stored.add(url);
        response.writeHead(200, { etag: '"e"' }).end();
      });
    });
    const endpoint = `http://127.0.0.1:${await listen(server)}`;
    const store = { type: "s3" as const, bucket: "cache", endpoint };
    const options = { ...RUNTIME, ...QUICK, store, concurrency: 1, maxBatchPairs: 5 };
    const { code, report } = await failureOf(seedCache({ root: site(10), ...options }));
    expect(code).toBe("S3_THROTTLED");
    expectComplete(report, 20);
    expect(report?.kvPairsUploaded).toBe(7);
    expect(report?.warnings).toContainEqual(expect.stringContaining("were not kept"));
  });
});

describe("a directory store", () => {
  it("has one file per entry with the runtime's value", async () => {
    const root = site(2);
    const result = await seedCache({ root, ...RUNTIME, store: { type: "dir", path: "cache" } });
    expect(result).toMatchObject({ kvPairsUploaded: 4, kvPairsNotStored: 0 });
    const files = readdirSync(path.join(root, "cache"), { recursive: true }) as string[];
    const values = files.filter((name) => name.endsWith(".value"));
    expect(values).toHaveLength(4);
    const page = values.find((name) => decodeURIComponent(name) === `${key("/p1", "html")}.value`);
    const text = readFileSync(path.join(root, "cache", page ?? ""), "utf-8");
    expect(JSON.parse(text)).toMatchObject({ value: { kind: "APP_PAGE" } });
  });

  it("accounts for every entry if one cannot be written", async () => {
    const root = site(3);
    const store = { type: "dir" as const, path: "cache" };
    await seedCache({ root, ...RUNTIME, store });
    const files = readdirSync(path.join(root, "cache"), { recursive: true }) as string[];
    const taken = path.join(root, "cache", files.find((name) => name.endsWith(".value")) ?? "");
    rmSync(taken);
    mkdirSync(path.join(taken, "in-the-way"), { recursive: true });
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store, force: true }));
    expect(failure.code).toBe("DIRECTORY_FAILED");
    expectComplete(failure.report, 6);
  });

  it("stores half of a surrogate pair in a page of the caller's own as U+FFFD", async () => {
    const root = site(1);
    const pages = [{ pathname: "/half", html: "<p>a\ud800b</p>" }];
    const store = { type: "dir" as const, path: "cache" };
    await seedCache({ root, ...RUNTIME, store, pages, buildId: "b1" } as any);
    const files = readdirSync(path.join(root, "cache"), { recursive: true }) as string[];
    const file = files.find((name) => name.endsWith(".value")) ?? "";
    const { value } = JSON.parse(readFileSync(path.join(root, "cache", file), "utf-8"));
    expect(value.html).toBe("<p>a\ufffdb</p>");
  });

  it.skipIf(!existsSync("/dev/full"))("says so if the disk is full", async () => {
    const root = site(3);
    const store = { type: "dir" as const, path: "cache" };
    await seedCache({ root, ...RUNTIME, store });
    const files = readdirSync(path.join(root, "cache"), { recursive: true }) as string[];
    const last = files.filter((name) => name.endsWith(".value")).at(-1) ?? "";
    symlinkSync("/dev/full", path.join(root, "cache", `${last}.tmp`));
    const before = readFileSync(path.join(root, "cache", last));
    const failure = await failureOf(seedCache({ root, ...RUNTIME, ...QUICK, store, force: true }));
    expect(failure.code).toBe("DIRECTORY_FAILED");
    expect(failure.message).toContain("No space left on device");
    expectComplete(failure.report, 6);
    expect(readFileSync(path.join(root, "cache", last))).toEqual(before);
  });

  it("must not be a file", async () => {
    const root = site(1);
    writeFileSync(path.join(root, "file"), "");
    const failure = await failureOf(
      seedCache({ root, ...RUNTIME, store: { type: "dir", path: "file/cache" } }),
    );
    expect(failure.code).toBe("INVALID_OPTION");
    expect(failure.message).toContain("`store.path` cannot be created");
  });

  it("is named by --to dir:…, relative to the current directory", async () => {
    const root = site(1);
    const args = ["run", root, "--to", "dir:out", "--json", "--vinext-version", "1.4.0"];
    const { stdout } = await run(BIN, args, { cwd: root });
    const target = { store: `dir:${path.join(root, "out")}` };
    expect(JSON.parse(stdout)).toMatchObject({ kvPairsUploaded: 2, target });
  });
});

describe("the option `store`", () => {
  it.each([
    [undefined, "`store` must be an object"],
    [3, "`store` must be an object"],
    [[], "`store` must be an object"],
    [{}, "`store.type`"],
    [{ type: "memcached" }, '"memcached"'],
    [{ type: "redis", url: 3 }, "`store.url` must be a string"],
    [{ type: "redis", url: "" }, "`store.url` is empty"],
    [{ type: "redis", urlEnv: "NO_SUCH_VARIABLE" }, "set NO_SUCH_VARIABLE"],
    [{ type: "redis", url: "http://u:hunter22@h" }, "`store.url` must begin with redis://"],
    [{ type: "redis", url: "redis://u:hunter22@h?x" }, "`store.url` has a query"],
    [{ type: "redis", url: "redis://h", bucket: "b" }, "`store.bucket` is unknown"],
    [{ type: "dir" }, "`store.path` is missing"],
    [{ type: "s3", bucketEnv: "NO_SUCH_VARIABLE" }, "set NO_SUCH_VARIABLE"],
    [{ type: "s3", bucket: "a b" }, "`store.bucket` must be"],
    [
      { type: "s3", bucket: "b", endpoint: "https://u:hunter22@h" },
      "`store.endpoint` must not have",
    ],
    ["s3:///prefix", "`store.bucket` is empty"],
    ["ftp://u:hunter22@h", "not ftp:…"],
    ["hunter22", "`store` must be redis://"],
  ])("rejects %j", async (store, message) => {
    const root = site(1);
    const failure = await failureOf(seedCache({ root, ...RUNTIME, store } as any));
    expect(failure.code).toBe("INVALID_OPTION");
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain("hunter22");
  });

  it("may be missing", async () => {
    const failure = await failureOf((seedCache as any)());
    expect(failure.code).toBe("INVALID_OPTION");
  });

  it.each([
    [["--to", "ftp://u:hunter22@h"], "--to"],
    [["--to", "redis://h", "--local"], "--local"],
    [["--to", "redis://h", "--namespace-id", "n"], "--namespace-id"],
    [["export", "out", "--to", "redis://h"], "export does not take --to"],
  ])("%j is a usage error", async (args, message) => {
    const { code, stderr } = await run(BIN, args, { cwd: site(1) });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("hunter22");
  });
});
