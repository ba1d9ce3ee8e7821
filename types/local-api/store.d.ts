/** Opens KV namespaces below a persistence directory. */
export class KvStore {
    /**
     * Starts a workerd with the given namespaces.
     * @param {object} options
     * @param {string} options.persistTo the directory that wrangler calls `--persist-to`, such as
     *   `.wrangler/state`
     * @param {string[]} options.namespaceIds
     * @param {string} options.root a project; its own Miniflare is used, if it has one
     * @returns {Promise<KvStore>}
     */
    static open({ persistTo, namespaceIds, root }: {
        persistTo: string;
        namespaceIds: string[];
        root: string;
    }): Promise<KvStore>;
    /**
     * @param {MiniflareInstance} miniflare
     * @param {Map<string, string>} bindings binding names by namespace id
     */
    constructor(miniflare: MiniflareInstance, bindings: Map<string, string>);
    /** @returns {string[]} the ids of all namespaces */
    get namespaceIds(): string[];
    /**
     * @param {string} id
     * @returns {Promise<KvNamespace | undefined>}
     */
    namespace(id: string): Promise<KvNamespace | undefined>;
    /** Stops the workerd. */
    close(): Promise<void>;
    #private;
}
/**
 * The parts of a KV binding that are used here.
 */
export type KvNamespace = {
    put: (key: string, value: string | Uint8Array, options: object) => Promise<void>;
    getWithMetadata: (key: string, type: "arrayBuffer") => Promise<{
        value: ArrayBuffer | null;
        metadata: unknown;
    }>;
    delete: (key: string) => Promise<void>;
    list: (options: object) => Promise<KvList>;
};
export type KvList = {
    keys: {
        name: string;
        expiration?: number;
        metadata?: unknown;
    }[];
    list_complete: boolean;
    cursor?: string | undefined;
};
/**
 * The parts of Miniflare that are used here.
 */
export type MiniflareModule = {
    Miniflare: new (options: object) => MiniflareInstance;
    /**
     * only in version 5 and later
     */
    convertV4MiniflareOptions?: ((options: object) => object) | undefined;
};
export type MiniflareInstance = {
    ready: Promise<unknown>;
    getKVNamespace: (binding: string) => Promise<KvNamespace>;
    dispose: () => Promise<void>;
};
