// A loopback API that accepts and records everything. It only proves what is sent.

import { createServer, type IncomingHttpHeaders } from "node:http";
import { listen } from "./loopback.js";

export interface Pair {
  key: string;
  value: string;
  expiration_ttl?: number;
  metadata?: { tags: string[] };
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
  requests: RecordedRequest[];
  /** All pairs of all requests, in order of arrival. */
  pairs(): Pair[];
}

const STORED: Required<Reply> = {
  status: 200,
  body: JSON.stringify({ success: true, errors: [], messages: [], result: null }),
  headers: { "content-type": "application/json" },
};

/** Starts a recorder that gives the replies one after another, and success when they run out. */
export async function startRecorder(...replies: Reply[]): Promise<Recorder> {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      if (method === "GET" && /\/keys\?/u.test(url)) {
        // Nothing is stored before seeding. Listings are not recorded.
        const nothing = { success: true, errors: [], messages: [], result: [] };
        return void response.writeHead(200, STORED.headers).end(JSON.stringify(nothing));
      }
      if (/\/values\/[^/]*vinext-seed/u.test(url)) {
        // Neither is the record that a run leaves of its build.
        return void response.writeHead(200, STORED.headers).end(STORED.body);
      }
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      const reply = { ...STORED, ...replies[requests.length - 1] };
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  });
  return {
    baseUrl: `http://127.0.0.1:${await listen(server)}/client/v4`,
    requests,
    pairs: () =>
      requests
        .filter(({ method }) => method !== "GET")
        .flatMap(({ body }) => JSON.parse(body) as Pair[]),
  };
}
