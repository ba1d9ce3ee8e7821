// Between the engine and Cloudflare: certificates, proxies, names.
//
// Each row runs in a separate process with its own environment.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { buildOf, rendered, temporaryDirectory } from "../support/build.js";
import { createAuthority, selfSigned } from "../support/certificates.js";
import { listen } from "../support/loopback.js";
import { startProxy, startSocksProxy } from "../support/proxy.js";
import { startScriptedApi, type ScriptedApi } from "../support/scripted-api.js";
import { TARGET, type SeedError, type SeedResult } from "../support/seed.js";

export interface NetworkFault {
  fault: string;
  behaviour: string;
  run: () => Promise<Outcome>;
}

/** What the process said: all of its output, and what it means. */
export interface Outcome {
  output: string;
  result?: SeedResult;
  error?: SeedError;
}

const CHILD = fileURLToPath(new URL("../support/seed-child.js", import.meta.url));

/** The environment without anything that changes connections. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/proxy|_ca_|^ssl_cert|_tls_/iu.test(name)),
);

async function seedWith(apiBaseUrl: string, env: Record<string, string> = {}): Promise<Outcome> {
  const root = buildOf([rendered("/p0")], { "p0.html": "x" });
  const retry = { attempts: 3, initialDelayMs: 5, maxDelayMs: 5 };
  const options = { ...TARGET, root, apiBaseUrl, retry };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(options)], {
    env: { ...ENVIRONMENT, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, lines] = ["", ""];
  child.stdout.on("data", (text) => (lines += text));
  child.stderr.on("data", (text) => (output += text));
  await new Promise((resolve) => child.once("close", resolve));
  return { output: output + lines, ...JSON.parse(lines) };
}

async function secureApi(options?: { host?: string; isExpired?: boolean }) {
  const authority = await createAuthority();
  const api = await startScriptedApi([], await authority.issue(options));
  const directory = temporaryDirectory();
  const file = path.join(directory, "ca.pem");
  writeFileSync(file, authority.pem);
  // The name that OpenSSL looks for in a directory: a hash and a number.
  const hashed = path.join(directory, "certs");
  mkdirSync(hashed);
  writeFileSync(path.join(hashed, "0a1b2c3d.0"), authority.pem);
  return { api, file, hashed };
}

async function apiWith(server: { key: string; cert: string }) {
  const api = await startScriptedApi([], server);
  const file = path.join(temporaryDirectory(), "server.pem");
  writeFileSync(file, server.cert);
  return { api, file };
}

/** The status that Node's own client gets for a request like ours. */
async function statusByNode(url: string, env: Record<string, string>): Promise<string> {
  const program = `
    fetch(${JSON.stringify(url)}, { method: "PUT", body: "[]" })
      .then(({ status }) => console.log(status), ({ cause }) => console.log(cause.code))`;
  const child = spawn(process.execPath, ["-e", program], { env: { ...ENVIRONMENT, ...env } });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  await new Promise((resolve) => child.once("close", resolve));
  return output.trim();
}

const BAD_CERTIFICATE =
  "-----BEGIN CERTIFICATE-----\nbm90IERFUiBhdCBhbGw=\n-----END CERTIFICATE-----\n";

function isStored({ result, error }: Outcome, api: ScriptedApi) {
  expect(error?.message).toBeUndefined();
  expect(result?.kvPairsUploaded).toBe(1);
  expect(api.requests).toHaveLength(1);
}

function isUntrusted({ error }: Outcome, api: ScriptedApi, text: RegExp) {
  expect(error).toMatchObject({ code: "TLS_UNTRUSTED", message: expect.stringMatching(text) });
  expect(error?.report?.notStored[0]?.mayBeStored).toBe(false);
  expect(error?.retries).toBe(0);
  expect(api.requests).toHaveLength(0);
}

export const CERTIFICATES: NetworkFault[] = [
  {
    fault: "a certificate from an unknown authority",
    behaviour: "final: the message names NODE_EXTRA_CA_CERTS and SSL_CERT_FILE",
    async run() {
      const { api } = await secureApi();
      const outcome = await seedWith(api.baseUrl);
      isUntrusted(outcome, api, /UnknownIssuer.*NODE_EXTRA_CA_CERTS.*SSL_CERT_FILE/u);
      return outcome;
    },
  },
  {
    fault: "an expired certificate",
    behaviour: "final: the message says so and suggests checking the clock",
    async run() {
      const { api, file } = await secureApi({ isExpired: true });
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: file });
      isUntrusted(outcome, api, /expired.*clock/u);
      return outcome;
    },
  },
  {
    fault: "a certificate for another name",
    behaviour: "final: the message names the expected host",
    async run() {
      const { api, file } = await secureApi({ host: "elsewhere.example" });
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: file });
      isUntrusted(outcome, api, /localhost.*another host/u);
      return outcome;
    },
  },
  ...(["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"] as const).map((variable) => ({
    fault: `a private certificate authority in ${variable}`,
    behaviour: "trusted",
    async run() {
      const { api, file, hashed } = await secureApi();
      const value = variable === "SSL_CERT_DIR" ? hashed : file;
      const outcome = await seedWith(api.baseUrl, { [variable]: value });
      isStored(outcome, api);
      return outcome;
    },
  })),
  {
    fault: "a file in NODE_EXTRA_CA_CERTS that does not exist",
    behaviour: "ignored, with a warning, as Node does",
    async run() {
      const api = await startScriptedApi([]);
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem" });
      isStored(outcome, api);
      expect(outcome.result?.warnings).toEqual([expect.stringContaining("/nowhere/ca.pem")]);
      return outcome;
    },
  },
  {
    fault: "a bad certificate among good ones in NODE_EXTRA_CA_CERTS",
    behaviour: "only this certificate is ignored, with a warning",
    async run() {
      const { api, file } = await secureApi();
      writeFileSync(file, `${BAD_CERTIFICATE}${readFileSync(file, "utf8")}\n${BAD_CERTIFICATE}`);
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: file });
      isStored(outcome, api);
      expect(outcome.result?.warnings).toEqual([expect.stringContaining("2 of 3 certificates")]);
      return outcome;
    },
  },
  {
    fault: "a file in SSL_CERT_DIR without a usable certificate",
    behaviour: "only this certificate is ignored, with a warning",
    async run() {
      const { api, hashed } = await secureApi();
      writeFileSync(path.join(hashed, "0a1b2c3d.1"), BAD_CERTIFICATE);
      mkdirSync(path.join(hashed, "0a1b2c3d.2"));
      const outcome = await seedWith(api.baseUrl, { SSL_CERT_DIR: hashed });
      isStored(outcome, api);
      expect(outcome.result?.warnings).toEqual([
        expect.stringContaining("0a1b2c3d.1"),
        expect.stringContaining("0a1b2c3d.2"),
      ]);
      return outcome;
    },
  },
  ...[true, false].map((hasAltName) => ({
    fault: `a server's self-signed certificate in NODE_EXTRA_CA_CERTS, ${hasAltName ? "with alternative names" : "with only a common name"}`,
    behaviour: "trusted, as Node does, although it is marked as an authority's",
    async run() {
      const server = await selfSigned({ hasAltName });
      const { api, file } = await apiWith(server);
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: file });
      isStored(outcome, api);
      // Node itself, for comparison.
      await expect(statusByNode(api.baseUrl, { NODE_EXTRA_CA_CERTS: file })).resolves.toBe("200");
      return outcome;
    },
  })),
  {
    fault: "a server's self-signed certificate that has expired, or is for another name",
    behaviour: "final, although it is in NODE_EXTRA_CA_CERTS",
    async run() {
      const expired = await apiWith(await selfSigned({ isExpired: true }));
      const outcome = await seedWith(expired.api.baseUrl, { NODE_EXTRA_CA_CERTS: expired.file });
      isUntrusted(outcome, expired.api, /expired/u);
      const { api, file } = await apiWith(await selfSigned());
      const other = await seedWith(api.baseUrl.replace("localhost", "127.0.0.1"), {
        NODE_EXTRA_CA_CERTS: file,
      });
      isUntrusted(other, api, /another host/u);
      return { ...outcome, output: outcome.output + other.output };
    },
  },
  {
    fault: "NODE_TLS_REJECT_UNAUTHORIZED=0",
    behaviour: "ignored: certificates are always verified; a warning says so",
    async run() {
      const { api } = await secureApi();
      const outcome = await seedWith(api.baseUrl, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
      isUntrusted(outcome, api, /NODE_EXTRA_CA_CERTS/u);
      // The listing failed for the same reason, which is reported once.
      expect(outcome.error?.report?.warnings).toEqual([
        expect.stringContaining("is ignored: certificates"),
      ]);
      return outcome;
    },
  },
  {
    fault: "a server that does not speak TLS",
    behaviour: "final: the message says to check the API's base URL and any proxy",
    async run() {
      // Node's server answers a TLS handshake with "400 Bad Request" in plain text.
      const port = await listen(createServer());
      const outcome = await seedWith(`https://127.0.0.1:${port}/client/v4`);
      expect(outcome.error?.code).toBe("TLS_UNTRUSTED");
      expect(outcome.error?.message).toMatch(/base URL/u);
      return outcome;
    },
  },
];

const PASSWORD = "pr0xy-s3cret";

export const PROXIES: NetworkFault[] = [
  {
    fault: "HTTPS_PROXY with a user name and a password",
    behaviour: "tunnels through it with CONNECT",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startProxy(`user:${PASSWORD}`);
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        HTTPS_PROXY: `http://user:${PASSWORD}@127.0.0.1:${proxy.port}`,
      });
      isStored(outcome, api);
      expect(proxy.asked).toEqual([`CONNECT localhost:${api.port}`]);
      return outcome;
    },
  },
  {
    fault: "a proxy that refuses the password",
    behaviour: "final: the message says what to check, without the password",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startProxy("user:another");
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        HTTPS_PROXY: `http://user:${PASSWORD}@127.0.0.1:${proxy.port}`,
      });
      expect(outcome.error).toMatchObject({ code: "PROXY_REFUSED", retries: 0 });
      expect(outcome.error?.message).toContain("HTTPS_PROXY");
      expect(outcome.output).not.toContain(PASSWORD);
      expect(api.requests).toHaveLength(0);
      return outcome;
    },
  },
  {
    fault: "a proxy that refuses a user name without password, and quotes it",
    behaviour: "final: neither the name nor the header is in the message",
    async run() {
      const api = await startScriptedApi([]);
      const proxy = await startProxy("user:another");
      const header = Buffer.from(`${PASSWORD}:`).toString("base64");
      const outcome = await seedWith(api.baseUrl, {
        HTTP_PROXY: `http://${PASSWORD}@127.0.0.1:${proxy.port}`,
      });
      expect(outcome.error).toMatchObject({ code: "PROXY_REFUSED", status: 407, retries: 0 });
      expect(outcome.error?.message).toContain("Not welcome: Basic [proxy credentials]");
      expect(outcome.output).not.toContain(PASSWORD);
      expect(outcome.output).not.toContain(header.replace(/=+$/u, ""));
      return outcome;
    },
  },
  {
    fault: "a proxy that refuses a password of one letter",
    behaviour: "final, with a message that is not garbled",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startProxy("user:another");
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        HTTPS_PROXY: `http://o:r@127.0.0.1:${proxy.port}`,
      });
      expect(outcome.error).toMatchObject({ code: "PROXY_REFUSED", retries: 0 });
      expect(outcome.error?.message).toContain("proxy authorization required");
      return outcome;
    },
  },
  {
    fault: "HTTPS_PROXY that is not a URL",
    behaviour: "ignored with a warning that does not show it; connects directly",
    async run() {
      const { api, file } = await secureApi();
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        HTTPS_PROXY: `http://user:${PASSWORD}@:3128`,
      });
      isStored(outcome, api);
      expect(outcome.result?.warnings).toEqual([expect.stringMatching(/^HTTPS_PROXY is not/u)]);
      expect(outcome.output).not.toContain(PASSWORD);
      return outcome;
    },
  },
  {
    fault: "HTTP_PROXY alone, for an API over HTTPS",
    behaviour: "used, as in wrangler",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startProxy();
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
      });
      isStored(outcome, api);
      expect(proxy.asked).toEqual([`CONNECT localhost:${api.port}`]);
      return outcome;
    },
  },
  {
    fault: "NO_PROXY as wrangler reads it: `*.host`, `host:port`, blanks between hosts",
    behaviour: "connects directly, if the port is the API's",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startProxy();
      const said: string[] = [];
      for (const [noProxy, isDirect] of [
        [`other.example  localhost:${api.port}`, true],
        ["*.localhost", true],
        ["localhost:1", false],
        ["notlocalhost", false],
      ] as const) {
        const before = proxy.asked.length;
        const outcome = await seedWith(api.baseUrl, {
          NODE_EXTRA_CA_CERTS: file,
          HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
          NO_PROXY: noProxy,
        });
        expect(outcome.result?.kvPairsUploaded).toBe(1);
        expect(proxy.asked.length === before, noProxy).toBe(isDirect);
        said.push(outcome.output);
      }
      return { output: said.join("") };
    },
  },
  {
    fault: "NO_PROXY with the API's host",
    behaviour: "connects directly",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startProxy();
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
        NO_PROXY: "localhost",
      });
      isStored(outcome, api);
      expect(proxy.asked).toEqual([]);
      return outcome;
    },
  },
  {
    fault: "ALL_PROXY with a SOCKS proxy",
    behaviour: "connects through it",
    async run() {
      const { api, file } = await secureApi();
      const proxy = await startSocksProxy();
      const outcome = await seedWith(api.baseUrl, {
        NODE_EXTRA_CA_CERTS: file,
        ALL_PROXY: `socks5h://127.0.0.1:${proxy.port}`,
      });
      isStored(outcome, api);
      expect(proxy.asked).toEqual([`SOCKS localhost:${api.port}`]);
      return outcome;
    },
  },
  {
    fault: "HTTP_PROXY, for a local API",
    behaviour: "used if the proxy is on this machine; any other could not reach the API",
    async run() {
      const api = await startScriptedApi([]);
      const proxy = await startProxy();
      const local = `http://127.0.0.1:${proxy.port}`;
      const through = await seedWith(api.baseUrl, { HTTP_PROXY: local });
      isStored(through, api);
      // The keys that are stored already, the upload, and the record of the build.
      expect(proxy.asked.map((request) => request.split(" ")[0])).toEqual(["GET", "PUT", "PUT"]);
      const past = await seedWith(api.baseUrl, { HTTP_PROXY: "http://proxy.example.invalid:3128" });
      expect(past.result?.kvPairsUploaded).toBe(1);
      return { ...past, output: through.output + past.output };
    },
  },
];

export const NAMES: NetworkFault[] = [
  {
    fault: "a name that does not exist (DNS)",
    behaviour: "retried, then fails; certainly nothing is stored",
    async run() {
      const outcome = await seedWith("https://api.example.invalid/client/v4");
      expect(outcome.error).toMatchObject({ code: "NETWORK_ERROR", retries: 2 });
      expect(outcome.error?.message).toContain("api.example.invalid");
      expect(outcome.error?.report?.notStored[0]?.mayBeStored).toBe(false);
      return outcome;
    },
  },
  {
    fault: "a refused connection",
    behaviour: "retried, then fails; certainly nothing is stored",
    async run() {
      const outcome = await seedWith("http://127.0.0.1:1/client/v4");
      expect(outcome.error).toMatchObject({ code: "NETWORK_ERROR", retries: 2 });
      expect(outcome.error?.report?.notStored[0]?.mayBeStored).toBe(false);
      return outcome;
    },
  },
];
