// What stands between us and Cloudflare: certificates, proxies, names.
//
// Each row runs in a process of its own, whose environment it chooses.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { buildOf, rendered, temporaryDirectory } from "../support/build.js";
import { createAuthority } from "../support/certificates.js";
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
  Object.entries(process.env).filter(([name]) => !/proxy|_ca_|^ssl_cert/iu.test(name)),
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
    fault: "a certificate by an unknown authority",
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
    behaviour: "final: the message says so, and to check the clock",
    async run() {
      const { api, file } = await secureApi({ isExpired: true });
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: file });
      isUntrusted(outcome, api, /expired.*clock/u);
      return outcome;
    },
  },
  {
    fault: "a certificate for another name",
    behaviour: "final: the message says which host was meant",
    async run() {
      const { api, file } = await secureApi({ host: "elsewhere.example" });
      const outcome = await seedWith(api.baseUrl, { NODE_EXTRA_CA_CERTS: file });
      isUntrusted(outcome, api, /localhost.*another host/u);
      return outcome;
    },
  },
  ...(["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"] as const).map((variable) => ({
    fault: `an authority of one's own in ${variable}`,
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
    fault: "a file in NODE_EXTRA_CA_CERTS that is not there",
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
    fault: "something that does not speak TLS",
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
    behaviour: "tunnelled through it with CONNECT",
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
    behaviour: "final: the message says what to check, and not the password",
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
    fault: "NO_PROXY with the API's host",
    behaviour: "connected without the proxy",
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
    behaviour: "connected through it",
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
    behaviour: "used if the proxy is on this machine, else not: it could not find the API",
    async run() {
      const api = await startScriptedApi([]);
      const proxy = await startProxy();
      const local = `http://127.0.0.1:${proxy.port}`;
      const through = await seedWith(api.baseUrl, { HTTP_PROXY: local });
      isStored(through, api);
      expect(proxy.asked).toHaveLength(1);
      const past = await seedWith(api.baseUrl, { HTTP_PROXY: "http://proxy.example.invalid:3128" });
      expect(past.result?.kvPairsUploaded).toBe(1);
      return { ...past, output: through.output + past.output };
    },
  },
];

export const NAMES: NetworkFault[] = [
  {
    fault: "a name that does not exist (DNS)",
    behaviour: "tried again, then given up; nothing is in doubt",
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
    behaviour: "tried again, then given up; nothing is in doubt",
    async run() {
      const outcome = await seedWith("http://127.0.0.1:1/client/v4");
      expect(outcome.error).toMatchObject({ code: "NETWORK_ERROR", retries: 2 });
      expect(outcome.error?.report?.notStored[0]?.mayBeStored).toBe(false);
      return outcome;
    },
  },
];
