// An API on a raw socket that follows a script of replies and faults.
//
// It does not imitate Cloudflare; it injects faults. Compatibility is tested against real KV.

import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import tls from "node:tls";
import { listen } from "./loopback.js";
import type { Pair } from "./recorder.js";
import { SocketReader } from "./socket-reader.js";

/** What the server does with a request. By default it stores the pairs. */
export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Waits before the reply. */
  delayMs?: number;
  /** Sends the reply a few bytes at a time, with this wait between them. */
  trickleMs?: number;
  /**
   * Replies before the body is read, as gateways do, and closes the connection; or replies after the
   * first bytes of the body, and then continues reading.
   */
  early?: boolean | "in the body";
  /** Where the connection is reset, or stops responding. */
  reset?: "before the body" | "in the body" | "before the reply" | "in the reply";
  silent?: "before the body" | "before the reply";
  /** Stores the pairs although the reply says something else. */
  stores?: boolean;
}

export interface ScriptedRequest {
  /** The pairs, once the body is complete. */
  pairs: Pair[];
  bytes: number;
  /** Its `content-encoding`. */
  encoding: string | undefined;
  /** Milliseconds since the server was started. */
  at: number;
}

export type Script = Reply[] | ((request: ScriptedRequest, number: number) => Reply);

export interface ScriptedApi {
  baseUrl: string;
  port: number;
  requests: ScriptedRequest[];
  connections(): number;
  /** Every key that was stored, in order of arrival. */
  stored(): string[];
  /** Resolves when this many requests have arrived, at least with their headers. */
  arrived(count: number): Promise<void>;
}

export const ENVELOPE = { success: true, errors: [], messages: [], result: null };

/** An error reply of Cloudflare's. */
export function failing(status: number, code: number, message = "why"): Reply {
  const body = JSON.stringify({ ...ENVELOPE, success: false, errors: [{ code, message }] });
  return { status, body };
}

/** An HTML page from a gateway before Cloudflare. */
export function page(
  status: number,
  title = "A page",
  headers: Record<string, string> = {},
): Reply {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body></body></html>`;
  return { status, body, headers: { "content-type": "text/html; charset=UTF-8", ...headers } };
}

/** A success that omits some keys. */
export function without(...keys: string[]): Reply {
  return withResult({ unsuccessful_keys: keys });
}

/** A success with a result. */
export function withResult(result: object): Reply {
  return { body: JSON.stringify({ ...ENVELOPE, result }) };
}

/**
 * The most that is read of a body that a connection is reset in. The system's buffers grow with what
 * is read, and in the end hold all the rest of a body, which is then sent as far as its sender knows.
 */
const MOST_READ_BYTES = 64 * 1024;

/** How long nothing more is read of a body that was replied to in its middle. */
const EARLY_REPLY_MS = 300;

/** Starts a scripted API, over TLS if it is given a key and a certificate. */
export async function startScriptedApi(
  script: Script,
  secure?: { key: string; cert: string },
): Promise<ScriptedApi> {
  const started = performance.now();
  const requests: ScriptedRequest[] = [];
  const stored: string[] = [];
  let connections = 0;
  const serve = async (socket: net.Socket) => {
    connections += 1;
    // Of the TLS socket, if there is one; its TCP socket already has a listener.
    socket.on("error", () => {});
    const reader = new SocketReader(socket);
    for (;;) {
      const head = await reader.head();
      if (head === undefined) return;
      if (head.method === "GET") {
        // A listing before the script begins: nothing is stored yet.
        await write(socket, withResult([]));
        continue;
      }
      if (/\/values\/[^/]*vinext-seed/u.test(head.target)) {
        // The record of the build, after the script has ended.
        if ((await reader.take(head.bodyBytes)) === undefined) return;
        await write(socket, {});
        continue;
      }
      const encoding = head.headers.get("content-encoding");
      const at = performance.now() - started;
      const request: ScriptedRequest = { pairs: [], bytes: 0, encoding, at };
      requests.push(request);
      const number = requests.length;
      // A script may read the pairs, which are missing if it acts before the body has arrived.
      const early = typeof script === "function" ? undefined : script[number - 1];
      if (early?.silent === "before the body") return void socket.pause();
      if (early?.reset === "before the body") return void socket.resetAndDestroy();
      if (early?.early === true) {
        await write(socket, { ...early, headers: { ...early.headers, connection: "close" } });
        return void socket.end();
      }
      if (early?.reset === "in the body") {
        await reader.take(Math.min(Math.floor(head.bodyBytes / 2), MOST_READ_BYTES));
        return void socket.resetAndDestroy();
      }
      if (early?.early === "in the body") {
        await reader.take(MOST_READ_BYTES);
        await write(socket, early);
        // Otherwise a busy client may have sent the rest before it sees the reply.
        await sleep(EARLY_REPLY_MS);
        if ((await reader.take(head.bodyBytes - MOST_READ_BYTES)) === undefined) return;
        continue;
      }
      const body = await reader.take(head.bodyBytes);
      if (body === undefined) return;
      request.bytes = body.length;
      const plain = encoding === "gzip" ? gunzipSync(body) : body;
      request.pairs = JSON.parse(plain.toString()) as Pair[];
      const reply = (typeof script === "function" ? script(request, number) : early) ?? {};
      if (isStoring(reply)) stored.push(...storedKeys(request, reply));
      if (reply.delayMs !== undefined) await sleep(reply.delayMs);
      if (reply.silent !== undefined) return;
      if (reply.reset === "before the reply") return void socket.resetAndDestroy();
      await write(socket, reply);
      if (reply.reset === "in the reply" || reply.headers?.connection === "close") {
        return void (reply.reset === undefined ? socket.end() : socket.resetAndDestroy());
      }
    }
  };
  const onConnection = (socket: net.Socket) => void serve(socket);
  const server =
    secure === undefined ? net.createServer(onConnection) : tls.createServer(secure, onConnection);
  server.on("tlsClientError", () => {});
  const port = await listen(server);
  return {
    baseUrl: `${secure === undefined ? "http://127.0.0.1" : "https://localhost"}:${port}/client/v4`,
    port,
    requests,
    connections: () => connections,
    stored: () => [...stored],
    async arrived(count) {
      while (requests.length < count) await sleep(5);
    },
  };
}

function isStoring(reply: Reply) {
  const isSuccess = (reply.status ?? 200) === 200 && reply.reset === undefined && !reply.silent;
  return reply.stores ?? (isSuccess && (reply.body ?? "{").startsWith("{") && !isRefusal(reply));
}

function isRefusal(reply: Reply) {
  return reply.body?.includes('"success":false') === true;
}

function storedKeys(request: ScriptedRequest, reply: Reply) {
  const left = new Set<string>(
    reply.body?.startsWith("{") ? JSON.parse(reply.body).result?.unsuccessful_keys : [],
  );
  return request.pairs.map(({ key }) => key).filter((key) => !left.has(key));
}

async function write(socket: net.Socket, reply: Reply) {
  const body = reply.body ?? JSON.stringify(ENVELOPE);
  const headers = {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...reply.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `HTTP/1.1 ${reply.status ?? 200} Reason\r\n${lines.join("")}\r\n${body}`;
  if (reply.reset === "in the reply") {
    socket.write(text.slice(0, -5));
    await sleep(20);
  } else if (reply.trickleMs === undefined) {
    socket.write(text);
  } else {
    for (let start = 0; start < text.length; start += 16) {
      socket.write(text.slice(start, start + 16));
      await sleep(reply.trickleMs);
    }
  }
}
