/**
 * What a handler knows of a request.
 * @typedef {object} Call
 * @property {import("./store.js").KvNamespace} namespace
 * @property {URLSearchParams} query
 * @property {string} key the key in the path, if there is one
 * @property {(maxBytes: number) => Promise<Buffer>} body
 * @property {import("./daily-quotas.js").DailyQuotas["spend"]} spend
 */
/**
 * A result to be wrapped in the envelope, or raw bytes.
 * @typedef {{ result: unknown, resultInfo?: object } | { bytes: Buffer }} Answer
 */
/** @type {[method: string, path: RegExp, handler: (call: Call) => Promise<Answer>][]} */
export const ENDPOINTS: [method: string, path: RegExp, handler: (call: Call) => Promise<Answer>][];
/**
 * What a handler knows of a request.
 */
export type Call = {
    namespace: import("./store.js").KvNamespace;
    query: URLSearchParams;
    /**
     * the key in the path, if there is one
     */
    key: string;
    body: (maxBytes: number) => Promise<Buffer>;
    spend: import("./daily-quotas.js").DailyQuotas["spend"];
};
/**
 * A result to be wrapped in the envelope, or raw bytes.
 */
export type Answer = {
    result: unknown;
    resultInfo?: object;
} | {
    bytes: Buffer;
};
