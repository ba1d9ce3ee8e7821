// Proxies: one that tunnels HTTPS and forwards HTTP, and one that speaks SOCKS 5.

import { createServer, request as httpRequest } from "node:http";
import net from "node:net";
import { listen } from "./loopback.js";

export interface Proxy {
  port: number;
  /** What it was asked for, such as `CONNECT localhost:1234`. */
  asked: string[];
}

/** Starts an HTTP proxy, which requires `credentials` (`user:password`) if set. */
export async function startProxy(credentials?: string): Promise<Proxy> {
  const asked: string[] = [];
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
  const isWelcome = (header: string | undefined) => wanted === undefined || header === wanted;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (!isWelcome(request.headers["proxy-authorization"])) {
      response.writeHead(407, { "proxy-authenticate": "Basic" });
      return void response.end(`Not welcome: ${request.headers["proxy-authorization"]}`);
    }
    const { method = "GET", headers } = request;
    const forwarded = httpRequest(request.url ?? "", { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    request.pipe(forwarded);
  });
  server.on("connect", (request, socket: net.Socket) => {
    asked.push(`CONNECT ${request.url}`);
    if (!isWelcome(request.headers["proxy-authorization"])) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const [host = "", port] = (request.url ?? "").split(":");
    join(socket, host, Number(port), () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    });
  });
  return { port: await listen(server), asked };
}

/** Starts a SOCKS 5 proxy without authentication. */
export async function startSocksProxy(): Promise<Proxy> {
  const asked: string[] = [];
  const server = net.createServer((socket) => {
    socket.once("data", () => {
      socket.write(Buffer.from([5, 0]));
      socket.once("data", (ask: Buffer) => {
        const isName = ask[3] === 3;
        const end = isName ? 5 + (ask[4] ?? 0) : 8;
        const host = isName ? ask.subarray(5, end).toString() : ask.subarray(4, end).join(".");
        const port = ask.readUInt16BE(end);
        asked.push(`SOCKS ${host}:${port}`);
        join(socket, host, port, () => socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
      });
    });
  });
  return { port: await listen(server), asked };
}

function join(socket: net.Socket, host: string, port: number, onOpen: () => void) {
  const upstream = net.connect(port, host === "localhost" ? "127.0.0.1" : host, () => {
    onOpen();
    socket.pipe(upstream).pipe(socket);
  });
  for (const end of [socket, upstream]) {
    end.on("error", () => {
      socket.destroy();
      upstream.destroy();
    });
  }
}
