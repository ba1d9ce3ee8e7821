// Real Redis servers, and a fake one with scripted answers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { Redis, type RedisOptions } from "ioredis";
import { onTestFinished } from "vitest";
import { findRedisServer } from "../../scripts/redis-server.js";

const server = findRedisServer();

/** Whether there is a server to start. If there is none, tests print that they are skipped. */
export const hasRedis = server !== undefined;
if (!hasRedis) {
  console.error("*** NOT TESTED: there is no Redis server; see scripts/redis-server.js ***");
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as net.AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** Starts a server that ends with the test. */
export async function startRedis(args: string[] = [], login: RedisOptions = {}) {
  const port = await freePort();
  const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-redis-"));
  const own = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory];
  const child = spawn(server as string, [...own, ...args], { stdio: "ignore" });
  const client = new Redis({
    port,
    host: "127.0.0.1",
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    ...login,
  });
  client.on("error", () => {});
  onTestFinished(async () => {
    client.disconnect();
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    rmSync(directory, { recursive: true, force: true });
  });
  await client.ping();
  return { port, client, url: `redis://127.0.0.1:${port}` };
}

/** How long a reset waits for what was written before it to be read, in milliseconds. */
const RESET_MS = 100;

/**
 * A server that answers each piece of a connection with what `answer` gives; `undefined` resets it, `last`
 * after this text.
 */
export async function startAnswering(
  answer: (connection: number, bytes: Buffer) => string | { last: string } | undefined,
) {
  let connections = 0;
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => {
    const connection = connections;
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      const text = answer(connection, bytes);
      if (typeof text === "string") return void socket.write(text);
      if (text === undefined) return void socket.resetAndDestroy();
      socket.write(text.last, () => setTimeout(() => socket.resetAndDestroy(), RESET_MS));
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  const { port } = listener.address() as net.AddressInfo;
  return { url: `redis://127.0.0.1:${port}`, connections: () => connections };
}

/** How many commands there are in bytes of RESP that begin with a command. */
export function commandsIn(bytes: Buffer): number {
  return bytes.toString("latin1").split(/\*[35]\r\n\$3\r\nSET\r\n/u).length - 1;
}
