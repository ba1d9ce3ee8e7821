/**
 * @param {import("../index.js").SeedOptions} options
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export function seedKvCache(options: import("../index.js").SeedOptions): Promise<import("../index.js").SeedResult>;
