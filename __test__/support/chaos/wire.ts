// Encodes replies as bytes and forwards requests to the local API unchanged.

import { request as httpRequest } from "node:http";
import type { Reply, ReplyForm } from "./weather.js";

/** A reply as it goes over the wire. */
export function format({ status, headers, body }: Reply, form: ReplyForm, isLast: boolean): Buffer {
  const content = Buffer.from(body);
  const all: Record<string, string> = { "content-type": "application/json", ...headers };
  if (isLast || form === "close") all.connection = "close";
  if (form === "chunks") all["transfer-encoding"] = "chunked";
  else if (form !== "close") all["content-length"] = String(content.length);
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${status} Whatever\r\n${lines.join("")}\r\n`);
  if (form !== "chunks") return Buffer.concat([head, content]);
  const middle = Math.floor(content.length / 2);
  const chunks = [content.subarray(0, middle), content.subarray(middle)]
    .filter((chunk) => chunk.length > 0)
    .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk.toString("latin1")}\r\n`);
  return Buffer.concat([head, Buffer.from(`${chunks.join("")}0\r\n\r\n`, "latin1")]);
}

/**
 * Asks the local API. Each time over a connection of its own: one that is kept for the next request
 * may be closed just when that comes, and such a fault is not of the test's making.
 */
export function ask(
  url: string,
  method: string,
  headers: Record<string, string | number | undefined>,
  body: Buffer = Buffer.alloc(0),
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, "content-length": body.length };
    const sent = httpRequest(url, { agent: false, method, headers: all }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const content = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, headers: {}, body: content });
    });
    sent.on("error", reject).end(body);
  });
}
