// The local KV API behind a proxy that counts calls, rejects some of them, and stops at a quota.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen } from "./loopback.js";

export interface CountingApi {
  baseUrl: string;
  /** Calls since the last `reset`. */
  lists: string[];
  bulks: number;
  /** Entries that were written since the last `reset`. */
  writes: string[];
  /** Answers listings with this status. */
  refusesLists?: number;
  /** How many entries can be written before the daily quota is used up. */
  quota: number;
  /** Entries that were deleted since the last `reset`. */
  deletes: string[];
  /** How many entries can be deleted before the daily quota is used up. */
  deleteQuota: number;
  /** The code of the deployed Worker. */
  workerCode?: string;
  /** Called before a bulk write is passed on. */
  onBulk: () => void;
  reset(): void;
  /** Resolves when no request to the namespace is in flight. */
  idle(): Promise<void>;
}

export async function startCountingApi(targetUrl: string): Promise<CountingApi> {
  const inFlight = new Set<Promise<void>>();
  const api: CountingApi = {
    baseUrl: "",
    lists: [],
    bulks: 0,
    writes: [],
    quota: Infinity,
    deletes: [],
    deleteQuota: Infinity,
    onBulk: () => {},
    reset() {
      Object.assign(api, { lists: [], bulks: 0, writes: [], quota: Infinity, onBulk: () => {} });
      Object.assign(api, { deletes: [], deleteQuota: Infinity });
      delete api.refusesLists;
      delete api.workerCode;
    },
    async idle() {
      await Promise.allSettled(inFlight);
    },
  };
  const server = createServer((request, response) => {
    const passing = pass(request, response).catch(() => void response.destroy());
    inFlight.add(passing);
    void passing.finally(() => inFlight.delete(passing));
  });
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = (request.url ?? "").replace(/^\/client\/v4/u, "");
    const fail = (status: number, code: number, message: string) => {
      const errors = [{ code, message }];
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ success: false, errors, messages: [], result: null }));
    };
    if (request.method === "GET" && /\/keys\?/u.test(url)) {
      api.lists.push(url);
      if (api.refusesLists !== undefined) return fail(api.refusesLists, 10000, "not allowed");
    }
    if (request.method === "GET" && url.endsWith("/content/v2")) {
      if (api.workerCode === undefined) return fail(403, 10000, "Authentication error");
      response.writeHead(200, { "content-type": "multipart/form-data; boundary=x" });
      return void response.end(api.workerCode);
    }
    if (request.method === "POST" && url.endsWith("/bulk/delete")) {
      const keys = JSON.parse(body.toString()) as string[];
      if (keys.length > api.deleteQuota) return fail(429, 10048, "reached the free usage limit");
      api.deleteQuota -= keys.length;
      api.deletes.push(...keys);
    }
    if (request.method === "PUT" && url.endsWith("/bulk")) {
      api.onBulk();
      const keys = (JSON.parse(body.toString()) as { key: string }[]).map(({ key }) => key);
      if (keys.length > api.quota) return fail(429, 10048, "reached the free usage limit");
      api.quota -= keys.length;
      api.bulks += 1;
      api.writes.push(...keys);
    }
    const reply = await fetch(targetUrl + url, {
      method: request.method ?? "GET",
      headers: { authorization: request.headers.authorization ?? "" },
      ...(body.length > 0 ? { body } : {}),
    });
    const type = reply.headers.get("content-type") ?? "application/json";
    response.writeHead(reply.status, { "content-type": type });
    response.end(Buffer.from(await reply.arrayBuffer()));
  };
  api.baseUrl = `http://127.0.0.1:${await listen(server)}/client/v4`;
  return api;
}
