// A proxy in front of the local KV API that injects network faults.
//
// It closes only after every request in flight is stored or dropped.

import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Dice } from "./dice.js";
import { Exchange, type Surroundings } from "./exchange.js";
import { SocketReader } from "../socket-reader.js";
import type { Weather } from "./weather.js";

export interface Proxy {
  baseUrl: string;
  /** What happened so far. */
  run: Readonly<Surroundings>;
  /** Stops accepting connections, and waits for requests in flight. */
  close(): Promise<void>;
}

/** Starts a proxy; `passes` is called when a request reaches a gate. */
export async function startProxy(
  targetUrl: string,
  weather: Weather,
  dice: Dice,
  passes: Surroundings["passes"],
): Promise<Proxy> {
  const made = { faults: [], successes: 0, log: [], started: Date.now() };
  const { origin, pathname } = new URL(targetUrl);
  const run: Surroundings = { targetOrigin: origin, weather, dice, passes, ...made };
  const handled = new Set<Promise<void>>();
  let requests = 0;

  async function serve(socket: Socket) {
    const reader = new SocketReader(socket);
    for (let head = await reader.head(); head !== undefined; head = await reader.head()) {
      const number = requests++;
      const exchange = new Exchange(run, socket, reader, head, number);
      passes(number, "head");
      try {
        await exchange.run();
      } catch (error) {
        exchange.note(`the proxy failed: ${error}`);
      }
      passes(number, "replied");
      if (exchange.isLast || socket.destroyed) return;
    }
  }

  const server = createServer({ noDelay: true }, (socket) => {
    // Clients that disconnect are expected.
    socket.on("error", () => {});
    const handling = serve(socket).finally(() => {
      socket.destroy();
      handled.delete(handling);
    });
    handled.add(handling);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}${pathname}`,
    run,
    async close() {
      server.close();
      while (handled.size > 0) await Promise.all(handled);
    },
  };
}
