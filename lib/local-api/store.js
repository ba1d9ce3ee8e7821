// The KV namespaces that `wrangler dev` and `vite preview` bind, through Miniflare's public API.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/**
 * The parts of a KV binding that are used here.
 * @typedef {object} KvNamespace
 * @property {(key: string, value: string | Uint8Array, options: object) => Promise<void>} put
 * @property {(key: string, type: "arrayBuffer") => Promise<{ value: ArrayBuffer | null, metadata: unknown }>} getWithMetadata
 * @property {(key: string) => Promise<void>} delete
 * @property {(options: object) => Promise<KvList>} list
 */

/**
 * @typedef {object} KvList
 * @property {{ name: string, expiration?: number, metadata?: unknown }[]} keys
 * @property {boolean} list_complete
 * @property {string} [cursor]
 */

/**
 * The parts of Miniflare that are used here.
 * @typedef {object} MiniflareModule
 * @property {new (options: object) => MiniflareInstance} Miniflare
 * @property {(options: object) => object} [convertV4MiniflareOptions] only in version 5 and later
 */

/**
 * @typedef {object} MiniflareInstance
 * @property {Promise<unknown>} ready
 * @property {(binding: string) => Promise<KvNamespace>} getKVNamespace
 * @property {() => Promise<void>} dispose
 */

/** The binding's name in the one Worker that Miniflare needs. */
const BINDING_PREFIX = "NAMESPACE_";

/** Opens KV namespaces below a persistence directory. */
export class KvStore {
  /** @type {MiniflareInstance} */
  #miniflare;
  /** @type {Map<string, string>} */
  #bindings;

  /**
   * @param {MiniflareInstance} miniflare
   * @param {Map<string, string>} bindings binding names by namespace id
   */
  constructor(miniflare, bindings) {
    this.#miniflare = miniflare;
    this.#bindings = bindings;
  }

  /**
   * Starts a workerd with the given namespaces.
   * @param {object} options
   * @param {string} options.persistTo the directory that wrangler calls `--persist-to`, such as
   *   `.wrangler/state`
   * @param {string[]} options.namespaceIds
   * @param {string} options.root a project; its own Miniflare is used, if it has one
   * @returns {Promise<KvStore>}
   */
  static async open({ persistTo, namespaceIds, root }) {
    const module = await importMiniflare(root);
    const bindings = new Map(namespaceIds.map((id, index) => [id, `${BINDING_PREFIX}${index}`]));
    const directory = path.join(path.resolve(persistTo), "v3");
    const options = {
      name: "local-kv-api",
      modules: true,
      script: "export default { fetch() { return new Response(null, { status: 404 }); } };",
      compatibilityDate: "2025-01-01",
      kvNamespaces: Object.fromEntries([...bindings].map(([id, binding]) => [binding, id])),
      kvPersist: path.join(directory, "kv"),
    };
    const convert = module.convertV4MiniflareOptions;
    const miniflare = new module.Miniflare(
      convert ? { ...convert(options), resourcePersistencePath: directory } : options,
    );
    await miniflare.ready;
    return new KvStore(miniflare, bindings);
  }

  /** @returns {string[]} the ids of all namespaces */
  get namespaceIds() {
    return [...this.#bindings.keys()];
  }

  /**
   * @param {string} id
   * @returns {Promise<KvNamespace | undefined>}
   */
  async namespace(id) {
    const binding = this.#bindings.get(id);
    return binding === undefined ? undefined : this.#miniflare.getKVNamespace(binding);
  }

  /** Stops the workerd. */
  async close() {
    await this.#miniflare.dispose();
  }
}

/**
 * Imports the Miniflare that a project's own tools use, so that both read and write the same
 * version's files; else the one installed next to this package.
 * @param {string} root
 * @returns {Promise<MiniflareModule>}
 */
async function importMiniflare(root) {
  const project = createRequire(path.join(path.resolve(root), "package.json"));
  for (const host of ["wrangler", "@cloudflare/vite-plugin"]) {
    try {
      const resolved = createRequire(project.resolve(host)).resolve("miniflare");
      return await import(pathToFileURL(resolved).href);
    } catch {
      // Not installed there; the next place may have it.
    }
  }
  try {
    return await import(/** @type {string} */ ("miniflare"));
  } catch (cause) {
    const message = `no Miniflare found in ${path.resolve(root)}; install wrangler there`;
    throw new Error(message, { cause });
  }
}
