// Reads back everything in a namespace, without the timestamps of the run.

import { TOKEN } from "../seed.js";
import { ask } from "./wire.js";

/** Values with their metadata, by key. */
export type Content = Map<string, string>;

interface Listed {
  name: string;
  expiration?: number;
}

interface Envelope {
  success: boolean;
  errors: unknown[];
  result: any;
}

/** The most keys of one bulk read. */
const READ_AT_A_TIME = 100;

export class Namespace {
  readonly id: string;
  readonly #url: string;

  constructor(baseUrl: string, id: string) {
    this.id = id;
    this.#url = `${baseUrl}/accounts/any/storage/kv/namespaces/${id}`;
  }

  async read(): Promise<Content> {
    // Without the record that a run leaves of its build.
    const listed: Listed[] = await this.#call("GET", "/keys?limit=1000&prefix=cache:");
    const content: Content = new Map();
    for (let first = 0; first < listed.length; first += READ_AT_A_TIME) {
      const some = listed.slice(first, first + READ_AT_A_TIME);
      const keys = some.map(({ name }) => name);
      const { values } = await this.#call("POST", "/bulk/get", { keys, withMetadata: true });
      for (const { name, expiration } of some) {
        const { value, metadata } = values[name];
        const expires = expiration === undefined ? "stays" : "expires";
        content.set(
          name,
          `${withoutTimes(value)} ${expires} ${withoutRenewal(JSON.stringify(metadata))}`,
        );
      }
    }
    return content;
  }

  async clear(keys: Iterable<string>) {
    const all = [...keys];
    if (all.length > 0) await this.#call("POST", "/bulk/delete", all);
  }

  async #call(method: string, rest: string, body?: unknown) {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const reply = await ask(this.#url + rest, method, headers, content);
    const { success, errors, result }: Envelope = JSON.parse(reply.body);
    if (!success) throw new Error(`the local API refuses ${rest}: ${JSON.stringify(errors)}`);
    return result;
  }
}

/** The time in the metadata's `seed` record, which also depends on the time of the run. */
function withoutRenewal(metadata: string): string {
  return metadata.replace(/(?<="seed":"1\.[\w-]{22}\.\d+\.)\d+/u, "(then)");
}

/**
 * Times that depend on the time of the run. Quotes within a page are escaped, so that these can only
 * be members of the value itself.
 */
function withoutTimes(value: string): string {
  return value.replaceAll(/(?<=[^\\]"(?:revalidateAt|expireAt)":)\d[\d.]*/gu, "(then)");
}
