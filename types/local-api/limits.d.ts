/**
 * Checks the body of a bulk write.
 * @param {unknown} body
 * @returns {Pair[]}
 */
export function checkPairs(body: unknown): Pair[];
/**
 * Checks the body of a bulk delete.
 * @param {unknown} body
 * @returns {string[]}
 */
export function checkKeys(body: unknown): string[];
/**
 * @param {unknown} body
 * @param {string} what
 * @param {number} max
 * @returns {unknown[]}
 */
export function checkList(body: unknown, what: string, max: number): unknown[];
/**
 * @param {unknown} key
 * @param {string} where
 * @returns {string}
 */
export function checkKey(key: unknown, where: string): string;
/**
 * @param {string} where
 * @param {unknown} expiration
 * @param {unknown} ttl
 */
export function checkExpiration(where: string, expiration: unknown, ttl: unknown): void;
/** Bytes of one bulk request ("100 megabytes"). */
export const MAX_BULK_BODY_BYTES: 100000000;
/** Names in one bulk read. */
export const MAX_BULK_GET_KEYS: 100;
/** Bytes of a value: 25 MiB. */
export const MAX_VALUE_BYTES: number;
/**
 * A request that the API rejects. The codes are from Cloudflare's ranges:
 * 10000 authentication, 10009 keys, 10012 bodies, 10013 namespaces, 10022 pairs, 10030 sizes.
 */
export class Refusal extends Error {
    /**
     * @param {number} status the HTTP status
     * @param {number} code Cloudflare's error code
     * @param {string} message Cloudflare's style of message
     */
    constructor(status: number, code: number, message: string);
    status: number;
    code: number;
}
/**
 * One pair of a bulk write.
 */
export type Pair = {
    key: string;
    value: string;
    /**
     * whether `value` is base64 of the bytes to store
     */
    base64?: boolean | undefined;
    /**
     * seconds since the epoch
     */
    expiration?: number | undefined;
    /**
     * seconds from now; wins over `expiration`
     */
    expiration_ttl?: number | undefined;
    metadata?: unknown;
};
