// Asks an oracle process, one per version, and returns its answers in order.

import { spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { toLine } from "./line.js";

const ORACLE = fileURLToPath(new URL("./oracle.js", import.meta.url));

/** Where the aliased packages are. */
export const PACKAGES = path.join(path.dirname(ORACLE), "node_modules");

/**
 * A version of vinext and the KV adapter that belongs to it.
 * @typedef {{ vinext: string, cloudflare?: string }} Versions
 */

/** The generations' representatives, oldest first; more than one where an adapter came or went. */
export const REPRESENTATIVES = /** @type {Versions[]} */ ([
  { vinext: "0.0.38" },
  { vinext: "0.0.45" },
  { vinext: "0.0.50" },
  { vinext: "0.0.55" },
  { vinext: "0.1.8" },
  { vinext: "0.2.0" },
  { vinext: "0.2.1", cloudflare: "0.2.1" },
  { vinext: "1.0.0-beta.2", cloudflare: "0.2.1" },
  { vinext: "1.0.0-beta.3", cloudflare: "1.0.0-beta.3" },
  { vinext: "1.0.0-beta.4", cloudflare: "1.0.0-beta.4" },
  { vinext: "1.0.0-beta.5", cloudflare: "1.0.0-beta.5" },
  { vinext: "1.0.0-beta.8", cloudflare: "1.0.0-beta.5" },
  { vinext: "1.0.0-beta.10", cloudflare: "1.0.0-beta.7" },
  { vinext: "1.4.0", cloudflare: "1.0.0-beta.7" },
  { vinext: "1.4.0", cloudflare: "0.2.1" },
]);

export class Oracle {
  #child;
  #answers;

  /** @param {Versions} versions */
  constructor({ vinext, cloudflare = "" }) {
    this.#child = spawn(process.execPath, [ORACLE, vinext, cloudflare], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = readline.createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param {object} question
   * @returns {Promise<any>}
   */
  async ask(question) {
    this.#child.stdin.write(toLine(question));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the oracle ended; its message stands above");
    return JSON.parse(value);
  }

  close() {
    this.#child.stdin.end();
  }
}
