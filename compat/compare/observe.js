// What a Worker answers, and what it leaves in its Workers KV.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { KvStore } from "../../lib/local-api/store.js";

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {[name: string, value: string][]} headers as they came, repeated ones too
 * @property {Buffer} body
 * @property {number} receivedAt in milliseconds
 */

/**
 * @typedef {object} StoredEntry
 * @property {any} entry the value, parsed
 * @property {any} metadata
 * @property {number} [ttlSeconds] what was left of its life when it was read
 */

/** The kinds of values that are pages. The same namespace holds cached data too. */
const PAGE_KINDS = ["APP_PAGE", "APP_ROUTE", "PAGES", "REDIRECT"];

/** A Worker writes after it has answered. It is done when nothing new has come for so long. */
const SETTLED_MS = 750;

/** How often a read is tried that fails because the Worker is just writing. */
const MAX_READS = 10;

/**
 * Requests a path, without following redirects and without joining repeated headers.
 * @param {string} origin
 * @param {string} url
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Answer>}
 */
export function get(origin, url, headers = {}) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const target = url.replaceAll(/[^\x21-\x7e]+/gu, encodeURIComponent);
    const options = { hostname, port, path: target, headers, agent: false };
    const request = http.get(options, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        /** @type {[string, string][]} */
        const received = [];
        for (let at = 0; at < response.rawHeaders.length; at += 2) {
          const [name = "", value = ""] = response.rawHeaders.slice(at, at + 2);
          received.push([name.toLowerCase(), value]);
        }
        resolve({
          status: response.statusCode ?? 0,
          headers: received,
          body: Buffer.concat(chunks),
          receivedAt: Date.now(),
        });
      });
    });
    request.on("error", reject);
  });
}

/**
 * @param {string} origin
 * @param {import("./requests.js").PageRequest[]} requests
 * @returns {Promise<Map<import("./requests.js").PageRequest, Answer>>}
 */
export async function answersTo(origin, requests) {
  const answers = new Map();
  for (const request of requests) answers.set(request, await get(origin, request.url));
  return answers;
}

/** A KV namespace that can be read while a Worker writes to it. */
export class ObservedNamespace {
  /**
   * @param {KvStore} store
   * @param {string} namespaceId
   */
  constructor(store, namespaceId) {
    this.store = store;
    this.namespaceId = namespaceId;
  }

  /**
   * @param {{ root: string, persistTo: string, namespaceId: string }} place
   */
  static async open({ root, persistTo, namespaceId }) {
    const store = await KvStore.open({ root, persistTo, namespaceIds: [namespaceId] });
    return new ObservedNamespace(store, namespaceId);
  }

  close() {
    return this.store.close();
  }

  /** Waits until no new key has come for a while. */
  async settled() {
    let [before, now] = [-1, 0];
    while (before !== now) {
      await sleep(SETTLED_MS);
      before = now;
      now = (await this.keys()).length;
    }
  }

  /** @returns {Promise<Map<string, StoredEntry>>} the pages in it, by key */
  async pages() {
    const namespace = await this.#namespace();
    const pages = new Map();
    for (const { name, expiration } of await this.keys()) {
      const { value, metadata } = await patiently(() =>
        namespace.getWithMetadata(name, "arrayBuffer"),
      );
      const entry = value === null ? undefined : parsed(Buffer.from(value));
      // The Pages Router stores that a page is not found as `null`.
      const isNotFound = entry?.value === null && name.includes("pages:v2:");
      if (!isNotFound && !PAGE_KINDS.includes(entry?.value?.kind)) continue;
      const ttlSeconds = expiration === undefined ? undefined : expiration - Date.now() / 1000;
      pages.set(name, { entry, metadata, ttlSeconds });
    }
    return pages;
  }

  /** Deletes all pages and all marks of purged tags, so that a Worker finds none. */
  async deletePages() {
    const namespace = await this.#namespace();
    const pages = await this.pages();
    for (const { name } of await this.keys()) {
      if (pages.has(name) || /(?:^|:)__tag:/u.test(name)) await namespace.delete(name);
    }
  }

  async keys() {
    const namespace = await this.#namespace();
    const keys = [];
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await patiently(() => namespace.list({ cursor }));
      keys.push(...page.keys);
      cursor = page.list_complete ? undefined : page.cursor;
    } while (cursor !== undefined);
    return keys;
  }

  async #namespace() {
    const namespace = await this.store.namespace(this.namespaceId);
    if (namespace === undefined) throw new Error(`no KV namespace ${this.namespaceId}`);
    return namespace;
  }
}

/**
 * @template T
 * @param {() => Promise<T>} read
 * @returns {Promise<T>}
 */
async function patiently(read) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (attempt === MAX_READS) throw error;
      await sleep(SETTLED_MS);
    }
  }
}

/** @param {Buffer} value */
function parsed(value) {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}
