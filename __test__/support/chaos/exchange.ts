// Handles one request through the proxy, with the fault that is due.
//
// Pairs are stored exactly as the log says; what is stored completely is forwarded byte for byte.

import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Head, SocketReader } from "../socket-reader.js";
import type { Dice } from "./dice.js";
import { envelope, type Fault, type Gate, type Reply, type ReplyForm } from "./weather.js";
import type { Stored, Weather } from "./weather.js";
import { ask, format } from "./wire.js";

/** How long a stalled request is held if its client stays connected. */
const MAX_STALL_MS = 3_000;

/** The same if only further reading would show that the client has disconnected. */
const MAX_UNREAD_MS = 400;

const SUCCESS = { success: true, errors: [], messages: [], result: null };

/** What all requests of a run share. */
export interface Surroundings {
  /** Where the local API is. */
  targetOrigin: string;
  weather: Weather;
  dice: Dice;
  /** Called when a request reaches a gate. */
  passes(number: number, gate: Gate): void;
  /** The name of the fault of each request. */
  faults: string[];
  /** Replies that reported success. */
  successes: number;
  /** A line for each event. */
  log: string[];
  started: number;
}

interface Pair {
  key: string;
}

export class Exchange {
  /** Whether the connection ends with it. */
  isLast = false;
  readonly #run: Surroundings;
  readonly #socket: Socket;
  readonly #reader: SocketReader;
  readonly #head: Head;
  readonly #number: number;
  readonly #dice: Dice;
  /** Bytes of the body that are not read. */
  #left: number;

  constructor(run: Surroundings, socket: Socket, reader: SocketReader, head: Head, number: number) {
    this.#run = run;
    this.#socket = socket;
    this.#reader = reader;
    this.#head = head;
    this.#number = number;
    this.#dice = run.dice.for(number);
    this.#left = head.bodyBytes;
  }

  async run(): Promise<void> {
    const { weather } = this.#run;
    const { bodyBytes, target } = this.#head;
    if (/\/values\/[^/]*vinext-seed/u.test(target)) {
      // The record of the build, which is optional.
      if ((await this.#reader.take(bodyBytes)) === undefined) return;
      return this.#reply(ok(SUCCESS));
    }
    if (this.#number >= weather.quotaFrom) {
      this.#meet("quota", `${bodyBytes} bytes`);
      return this.#exhausted();
    }
    if (bodyBytes > weather.maxBodyBytes) {
      this.#meet("too large", `${bodyBytes} bytes`);
      const reply = { status: 413, headers: {}, body: "<html>too large</html>" };
      return this.#refuse(reply, this.#dice.chance(0.5));
    }
    const fault = weather.fault(this.#number);
    this.#meet(fault.kind === "reply" ? fault.name : fault.kind, JSON.stringify(fault));
    return this.#act(fault);
  }

  note(what: string) {
    const { log, started } = this.#run;
    log.push(`${Date.now() - started} ms, request ${this.#number}: ${what}`);
  }

  #meet(fault: string, more: string) {
    this.#run.faults.push(fault);
    this.note(`${fault}, ${more}`);
  }

  async #act(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case "reply":
        if (fault.stored !== "none") await this.#store(fault.stored);
        return this.#refuse(fault.reply, fault.readsBody);
      case "reset":
        if (fault.at === "body") await this.#reader.take(Math.floor(this.#left * fault.share));
        if (fault.at === "reply") await this.#store(fault.stored);
        this.#socket.resetAndDestroy();
        return;
      case "stall":
        return this.#stall(fault.at, fault.stored, fault.isLate);
      case "partial":
        return this.#partial(fault.share, fault.hasCount);
      case "foreign": {
        if ((await this.#store("all")) === undefined) return;
        const result = { unsuccessful_keys: ["unknown-key"] };
        return this.#reply(ok({ ...SUCCESS, result }));
      }
      case "early":
        return this.#early(fault.share);
      case "contradiction": {
        if ((await this.#store(this.#dice.one(["all", "some"]))) === undefined) return;
        return this.#reply({ status: 200, headers: {}, body: fault.body });
      }
      case "cut": {
        const reply = await this.#store("all");
        if (reply !== undefined) await this.#cut(reply, fault.form, fault.share, fault.isReset);
        return;
      }
      case "none": {
        const reply = await this.#store("all");
        await sleep(fault.delayMs);
        this.isLast = fault.closes;
        if (reply !== undefined) await this.#reply(reply, fault.form);
      }
    }
  }

  /** The whole body, once. */
  async #body(): Promise<Buffer | undefined> {
    const body = await this.#reader.take(this.#left);
    this.#left = 0;
    if (body === undefined) this.note("the client goes before the body is read");
    return body;
  }

  /** Stores what is to be stored. `undefined` if the client disconnects before that. */
  async #store(stored: Stored): Promise<Reply | undefined> {
    const body = await this.#body();
    return body && this.#forward(body, stored);
  }

  async #forward(body: Buffer, stored: Stored): Promise<Reply> {
    const { weather, dice, passes } = this.#run;
    const pairs: Pair[] = JSON.parse(body.toString());
    if (pairs.some(({ key }) => dice.for(`poison ${key}`).chance(weather.poison))) {
      this.#meet("poison", "a pair is not taken");
      return { status: 400, headers: {}, body: envelope(10022, "invalid pair") };
    }
    const some = () => this.#dice.some(pairs);
    const chosen = stored === "all" ? pairs : stored === "none" ? [] : some();
    if (chosen.length === 0) return ok(SUCCESS);
    const content = chosen === pairs ? body : Buffer.from(JSON.stringify(chosen));
    const reply = await this.#ask(content);
    this.note(`stores ${chosen.length} of ${pairs.length}: ${reply.status}`);
    passes(this.#number, "stored");
    if (reply.status !== 200) throw new Error(`the local API says ${reply.status} ${reply.body}`);
    return reply;
  }

  /** The same request with this body, to the local API. */
  #ask(body: Buffer): Promise<Reply> {
    const { method, target, headers } = this.#head;
    const [authorization, type] = [headers.get("authorization"), headers.get("content-type")];
    const sent = { authorization, "content-type": type };
    return ask(this.#run.targetOrigin + target, method, sent, body);
  }

  async #exhausted() {
    const { weather } = this.#run;
    const isCrossing = this.#number === weather.quotaFrom;
    if ((await this.#store(isCrossing ? weather.crossing : "none")) === undefined) return;
    const body = envelope(10048, "your account has reached the free usage limit for today");
    await this.#reply({ status: weather.quotaStatus, headers: {}, body });
  }

  async #partial(share: number, hasCount: boolean) {
    const body = await this.#body();
    if (body === undefined) return;
    const pairs: Pair[] = JSON.parse(body.toString());
    const left = new Set(this.#dice.some(pairs, share));
    const stored = pairs.filter((pair) => !left.has(pair));
    if (stored.length > 0) {
      const reply = await this.#forward(Buffer.from(JSON.stringify(stored)), "all");
      if (reply.status !== 200) return this.#reply(reply);
    }
    const count = hasCount ? { successful_key_count: stored.length } : {};
    const keys = [...left].map(({ key }) => key);
    await this.#reply(ok({ ...SUCCESS, result: { ...count, unsuccessful_keys: keys } }));
  }

  /** Reports success before the body has arrived. A body that still arrives is stored. */
  async #early(share: number) {
    const first = Math.floor(this.#left * share);
    const beginning = await this.#reader.take(first);
    if (beginning === undefined) return this.note("the client goes before the body is read");
    this.#left -= first;
    await this.#reply(ok(SUCCESS));
    const rest = await this.#body();
    if (rest === undefined) return;
    const body = Buffer.concat([beginning, rest]);
    const stored = await this.#ask(body);
    this.note(`stores what came behind the reply: ${stored.status}`);
    this.#run.passes(this.#number, "stored");
  }

  /** Does not answer. */
  async #stall(at: "body" | "reply", stored: Stored, isLate: boolean) {
    this.isLast = true;
    if (at === "body") {
      await sleep(MAX_UNREAD_MS);
      return;
    }
    const body = await this.#body();
    if (body === undefined) return;
    if (!isLate) await this.#forward(body, stored);
    await Promise.race([this.#reader.gone(), sleep(MAX_STALL_MS)]);
    if (isLate) await this.#forward(body, stored);
  }

  async #refuse(reply: Reply, readsBody: boolean) {
    if (!readsBody) this.isLast = true;
    else if (this.#left > 0 && (await this.#body()) === undefined) return;
    await this.#reply(reply);
  }

  async #cut(reply: Reply, form: ReplyForm, share: number, isReset: boolean) {
    const bytes = format(reply, form, false);
    // What ends with the connection may be complete without its last bytes.
    this.#count(reply);
    await this.#write(bytes.subarray(0, Math.floor(bytes.length * share)));
    this.isLast = true;
    if (isReset) this.#socket.resetAndDestroy();
    else this.#socket.end();
  }

  async #reply(reply: Reply, form: ReplyForm = "length") {
    if (form === "close") this.isLast = true;
    this.#count(reply);
    const bytes = format(reply, form, this.isLast);
    const step = form === "trickle" ? Math.ceil(bytes.length / 5) : bytes.length;
    for (let first = 0; first < bytes.length; first += step) {
      await this.#write(bytes.subarray(first, first + step));
      if (form === "trickle") await sleep(3);
    }
    if (this.isLast) this.#socket.end();
  }

  #count(reply: Reply) {
    if (reply.body.includes('"success":true')) this.#run.successes += 1;
  }

  async #write(bytes: Buffer) {
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.write(bytes, () => resolve());
    });
  }
}

function ok(content: object): Reply {
  return { status: 200, headers: {}, body: JSON.stringify(content) };
}
