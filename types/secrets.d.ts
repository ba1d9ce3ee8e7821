/**
 * @param {Record<string, string | undefined>} environment
 * @returns {Record<string, string | undefined>}
 */
export function withoutSecrets(environment: Record<string, string | undefined>): Record<string, string | undefined>;
/**
 * @param {string} text
 * @param {Record<string, string | undefined>[]} environments where the secrets are known from
 * @returns {string}
 */
export function scrub(text: string, ...environments: Record<string, string | undefined>[]): string;
/**
 * Removes secrets that other code may have been given: logins in URLs, and the values of variables that
 * have one or are named as a secret.
 * @param {string} text
 * @param {Record<string, string | undefined>} environment
 * @returns {string}
 */
export function scrubGiven(text: string, environment: Record<string, string | undefined>): string;
