// Reads HTTP requests from a raw socket; a connection that ends early yields `undefined`.

import type { Socket } from "node:net";

export interface Head {
  /** Method and path. */
  method: string;
  target: string;
  headers: Map<string, string>;
  bodyBytes: number;
}

export class SocketReader {
  readonly #chunks: AsyncIterator<Buffer>;
  /** Bytes that have arrived and are not consumed. */
  #buffer: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /** The next request's head; `undefined` if there is none. */
  async head(): Promise<Head | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end >= 0) {
        const [first = "", ...lines] = this.#buffer.toString("latin1", 0, end).split("\r\n");
        this.#buffer = this.#buffer.subarray(end + 4);
        const [method = "", target = ""] = first.split(" ");
        const headers = new Map(
          lines.map((line) => {
            const at = line.indexOf(":");
            return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
          }),
        );
        return { method, target, headers, bodyBytes: Number(headers.get("content-length")) };
      }
      const chunk = await this.#next();
      if (chunk === undefined) return undefined;
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
    }
  }

  /** The next bytes; `undefined` if there are not as many. */
  async take(bytes: number): Promise<Buffer | undefined> {
    // Concatenated once, at the end: bodies have megabytes.
    const chunks = [this.#buffer];
    for (let there = this.#buffer.length; there < bytes;) {
      const chunk = await this.#next();
      if (chunk === undefined) return undefined;
      chunks.push(chunk);
      there += chunk.length;
    }
    const all = Buffer.concat(chunks);
    this.#buffer = all.subarray(bytes);
    return all.subarray(0, bytes);
  }

  /** Waits until the client has gone. */
  async gone(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.#chunks.next();
      return done ? undefined : value;
    } catch {
      return undefined;
    }
  }
}
