// A loopback Cloudflare API for wrangler and the seeder: it accepts Workers and KV pairs, records their
// order, and knows accounts. That it accepts something does not prove that Cloudflare would.

import { createServer, type IncomingMessage } from "node:http";
import { listen } from "./loopback.js";
import type { Pair } from "./recorder.js";
import { TOKEN } from "./seed.js";

export const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const API_TOKEN = TOKEN;
/** The namespace that is created for a binding without an id. */
export const PROVISIONED = "44444444444444444444444444444444";

export interface Call {
  method: string;
  /** Below `/client/v4`, without the query. */
  path: string;
  token: string | undefined;
  body: Buffer;
}

export interface CloudflareOptions {
  /** By default the one used in tests. */
  accounts?: { id: string; name: string }[];
  /** The KV bindings of deployed Workers: namespace ids by binding, by Worker. */
  workers?: Record<string, Record<string, string>>;
  /** The path that deploys them when it is put or posted to; without it they are there from the start. */
  deploysOn?: string;
  /** Whether memberships can be read, which tokens that belong to an account cannot. */
  readsMemberships?: boolean;
  tokens?: string[];
  /** Why bulk writes are rejected: the token lacks the permission, or the daily quota is used up. */
  refusesBulk?: "token" | "quota";
  /** How long bulk writes wait for their answer, in milliseconds; the last number applies to all further ones. */
  bulkDelaysMs?: number[];
}

export interface Cloudflare {
  baseUrl: string;
  calls: Call[];
  /** The calls that change something: "kv" and "worker", in order. */
  writes(): { what: "kv" | "worker"; path: string }[];
  pairs(): Pair[];
  /** What a process needs to speak to it. */
  env: Record<string, string>;
}

export async function startCloudflare(options: CloudflareOptions = {}): Promise<Cloudflare> {
  const { tokens = [API_TOKEN], bulkDelaysMs = [0] } = options;
  const calls: Call[] = [];
  let bulks = 0;
  let isDeployed = options.deploysOn === undefined;
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname.replace(/^\/client\/v4/u, "");
    const token = request.headers.authorization?.replace(/^Bearer /u, "");
    const call = { method: request.method ?? "", path, token, body: await bodyOf(request) };
    // Before the first bulk write, stored entries are listed. Here there are none, and this is not a
    // counted call.
    if (call.method === "GET" && path.endsWith("/keys")) {
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(JSON.stringify(success([]).body));
    }
    // The record that a run leaves of its build is not an entry.
    if (/\/values\/[^/]*vinext-seed/u.test(path)) {
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(JSON.stringify(success(null).body));
    }
    calls.push(call);
    isDeployed ||= path === options.deploysOn && call.method !== "GET";
    if (isBulk(call)) {
      const delayMs = bulkDelaysMs[bulks++] ?? bulkDelaysMs.at(-1);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
    // Uploads of assets have their own token.
    const isKnown = path.includes("/assets/upload") || tokens.includes(token ?? "");
    const known = isDeployed ? options : { ...options, workers: {} };
    const stored = () => pairsOf(calls);
    const answer = isKnown
      ? answerTo(call, known, stored)
      : failure(403, 10000, "Authentication error");
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  const baseUrl = `http://127.0.0.1:${await listen(server)}/client/v4`;
  return {
    baseUrl,
    calls,
    writes: () =>
      calls.flatMap((call) => {
        if (isBulk(call)) return { what: "kv" as const, path: call.path };
        return isUpload(call) ? { what: "worker" as const, path: call.path } : [];
      }),
    pairs: () => pairsOf(calls),
    env: { CLOUDFLARE_API_BASE_URL: baseUrl, CLOUDFLARE_API_TOKEN: API_TOKEN },
  };
}

function isBulk({ method, path }: Call) {
  return method === "PUT" && /\/storage\/kv\/namespaces\/[^/]+\/bulk$/u.test(path);
}

function isUpload({ method, path }: Call) {
  return (
    (method === "PUT" && /\/workers\/scripts\/[^/]+$/u.test(path)) ||
    (method === "POST" && /\/workers\/scripts\/[^/]+\/versions$/u.test(path))
  );
}

interface Answer {
  status: number;
  body: object;
}

function success(result: unknown): Answer {
  return { status: 200, body: { success: true, errors: [], messages: [], result } };
}

function failure(status: number, code: number, message: string): Answer {
  return {
    status,
    body: { success: false, errors: [{ code, message }], messages: [], result: null },
  };
}

function pairsOf(calls: Call[]) {
  return calls.filter(isBulk).flatMap(({ body }) => JSON.parse(body.toString()) as Pair[]);
}

function answerTo(
  { method, path, body }: Call,
  options: CloudflareOptions,
  stored: () => Pair[],
): Answer {
  const { accounts = [{ id: ACCOUNT, name: "Test" }], readsMemberships = true } = options;
  const workers = (options.workers ??= {});
  if (path === "/accounts") return success(accounts);
  if (path === "/memberships") {
    return readsMemberships
      ? success(accounts.map((account) => ({ id: account.id, account, status: "accepted" })))
      : failure(403, 9106, "Authentication failed");
  }
  if (path === "/user") return success({ id: "user", email: "user@example.com" });
  if (path.endsWith("/bulk") && options.refusesBulk !== undefined) {
    return options.refusesBulk === "token"
      ? failure(403, 10000, "Authentication error")
      : failure(429, 10048, "your account has reached the free usage limit for today");
  }
  if (path.endsWith("/bulk")) {
    const count = (JSON.parse(body.toString()) as Pair[]).length;
    return success({ successful_key_count: count, unsuccessful_keys: [] });
  }
  const [, key] = /\/storage\/kv\/namespaces\/[^/]+\/metadata\/([^/]+)$/u.exec(path) ?? [];
  if (key !== undefined) {
    return stored().some((pair) => pair.key === decodeURIComponent(key))
      ? success(null)
      : failure(404, 10009, "get: 'key not found'");
  }
  const [, read] = /\/storage\/kv\/namespaces\/[^/]+\/values\/([^/]+)$/u.exec(path) ?? [];
  if (read !== undefined) {
    const pair = stored().find((one) => one.key === decodeURIComponent(read));
    return pair === undefined
      ? failure(404, 10009, "get: 'key not found'")
      : { status: 200, body: JSON.parse(pair.value) };
  }
  if (path.endsWith("/storage/kv/namespaces")) {
    if (method !== "POST") return success([]);
    const { title } = JSON.parse(body.toString());
    return success({ id: PROVISIONED, title, supports_url_encoding: true });
  }
  if (path.endsWith("/workers/subdomain")) return success({ subdomain: "test" });
  if (path.endsWith("/assets-upload-session")) return success({ jwt: "all-there", buckets: [] });
  const worker = /\/workers\/(?:scripts|services)\/([^/]+)/u.exec(path)?.[1] ?? "";
  if (method === "GET" && path.endsWith("/settings") && worker in workers) {
    const bindings = Object.entries(workers[worker] ?? {}).map(([name, namespace_id]) => ({
      type: "kv_namespace",
      name,
      namespace_id,
    }));
    return success({ bindings });
  }
  if (path.endsWith(`/scripts/${worker}/subdomain`)) {
    return success({ enabled: true, previews_enabled: false });
  }
  if (method === "PUT" && path.endsWith(`/scripts/${worker}`)) {
    workers[worker] = { ...workers[worker], ...kvBindings(body) };
    const date = new Date().toISOString();
    return success({
      id: worker,
      etag: "etag",
      pipeline_hash: "hash",
      mutable_pipeline_id: "pipeline",
      deployment_id: "deployment",
      startup_time_ms: 1,
      entry_point: "index.js",
      created_on: date,
      modified_on: date,
    });
  }
  if (path.includes("/workers/workers/"))
    return success({ id: "worker", subdomain: { enabled: true } });
  if (method === "GET" && path.includes("/workers/")) {
    return failure(404, 10007, "This Worker does not exist on your account.");
  }
  return success({});
}

/** The namespaces that an uploaded Worker is bound to, by binding. */
function kvBindings(body: Buffer): Record<string, string> {
  const [, metadata] = /name="metadata"\r\n\r\n(.*?)\r\n--/su.exec(body.toString()) ?? [];
  const { bindings = [] } = JSON.parse(metadata ?? "{}") as {
    bindings?: { type: string; name: string; namespace_id?: string }[];
  };
  const kv = bindings.filter(({ type }) => type === "kv_namespace");
  return Object.fromEntries(
    kv.map(({ name, namespace_id }) => [name, namespace_id ?? PROVISIONED]),
  );
}

async function bodyOf(request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
