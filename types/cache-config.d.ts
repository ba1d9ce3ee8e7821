/**
 * @typedef {object} KvAdapterOptions
 * @property {string} [binding]
 * @property {string} [appPrefix]
 * @property {number} [ttlSeconds]
 */
/**
 * One of: nothing is known (no configuration, or of a version that does not expose it); the KV
 * adapter's options; why seeding KV would be pointless; why the configuration cannot be read.
 * @typedef {{ kind: "unknown" }
 *   | { kind: "kv", options: KvAdapterOptions }
 *   | { kind: "pointless", code: string, reason: string }
 *   | { kind: "failed", reason: string }} CacheConfig
 */
/**
 * @param {string} root
 * @param {string} [configFile] relative to `root`; default: the one that Vite finds
 * @returns {Promise<CacheConfig>}
 */
export function readCacheConfig(root: string, configFile?: string): Promise<CacheConfig>;
/**
 * @param {any} config what vinext's plugin carries since 1.0.0-beta.0
 * @returns {CacheConfig}
 */
export function judge(config: any): CacheConfig;
export type KvAdapterOptions = {
    binding?: string | undefined;
    appPrefix?: string | undefined;
    ttlSeconds?: number | undefined;
};
/**
 * One of: nothing is known (no configuration, or of a version that does not expose it); the KV
 * adapter's options; why seeding KV would be pointless; why the configuration cannot be read.
 */
export type CacheConfig = {
    kind: "unknown";
} | {
    kind: "kv";
    options: KvAdapterOptions;
} | {
    kind: "pointless";
    code: string;
    reason: string;
} | {
    kind: "failed";
    reason: string;
};
