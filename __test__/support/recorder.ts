// A loopback API of an empty namespace that accepts every write and records it. It proves what is sent,
// nothing else.

import { createServer, type IncomingHttpHeaders } from "node:http";
import { listen } from "./loopback.js";

export interface Pair {
  key: string;
  value: string;
  expiration_ttl?: number;
  metadata?: { tags: string[]; seed?: string };
}

/** The entry that a pair stores. */
export const entryOf = (pair: Pair | undefined) => JSON.parse(pair?.value ?? "null");

export interface RecordedRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
}

export interface Recorder {
  baseUrl: string;
  /** All requests but those that list keys. */
  requests: RecordedRequest[];
  /** All pairs of all requests, in order of arrival. */
  pairs(): Pair[];
}

const STORED: Required<Reply> = {
  status: 200,
  body: JSON.stringify({ success: true, errors: [], messages: [], result: null }),
  headers: { "content-type": "application/json" },
};

/** The reply to a listing of an empty namespace. */
export const NO_KEYS = JSON.stringify({
  success: true,
  errors: [],
  messages: [],
  result: [],
  result_info: { count: 0, cursor: "" },
});

export function isListing(method: string, url: string): boolean {
  return method === "GET" && /\/storage\/kv\/namespaces\/[^/]+\/keys(?:\?|$)/u.test(url);
}

/** Starts a recorder that gives the replies one after another, and success when they run out. */
export async function startRecorder(...replies: Reply[]): Promise<Recorder> {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      if (isListing(method, url)) {
        response.writeHead(200, STORED.headers).end(NO_KEYS);
        return;
      }
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      const reply = { ...STORED, ...replies[requests.length - 1] };
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  });
  return {
    baseUrl: `http://127.0.0.1:${await listen(server)}/client/v4`,
    requests,
    pairs: () => requests.flatMap(({ body }) => JSON.parse(body) as Pair[]),
  };
}
