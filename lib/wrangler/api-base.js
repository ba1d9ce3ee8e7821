// Determines the Cloudflare API's base URL from variables and the compliance region.

import { checkApiBaseUrl } from "../binding.js";

/** The region with its own API. */
const FEDRAMP = "fedramp_high";
const REGIONS = ["public", FEDRAMP];

/**
 * @param {import("./environment.js").Environment} environment
 * @param {string} [configured] the configuration's `compliance_region`
 * @param {string} [given] an option, which counts before everything else
 * @returns {{ baseUrl: string } | { code: string, reason: string }}
 */
export function apiBase(environment, configured, given) {
  const { CLOUDFLARE_API_BASE_URL, WRANGLER_API_ENVIRONMENT } = environment;
  const asked = environment.CLOUDFLARE_COMPLIANCE_REGION || undefined;
  if (asked !== undefined && configured !== undefined && asked !== configured) {
    const reason =
      `CLOUDFLARE_COMPLIANCE_REGION is "${asked}" and the wrangler configuration says ` +
      `"${configured}"; set them to the same`;
    return { code: "compliance-region-conflict", reason };
  }
  const region = asked ?? configured ?? "public";
  if (!REGIONS.includes(region)) {
    const reason = `the compliance region is "${region}"; known are ${REGIONS.join(" and ")}`;
    return { code: "compliance-region-unknown", reason };
  }
  if (given !== undefined) return checked(given, "apiBaseUrl");
  if (CLOUDFLARE_API_BASE_URL) return checked(CLOUDFLARE_API_BASE_URL, "CLOUDFLARE_API_BASE_URL");
  const fedramp = region === FEDRAMP ? ".fed" : "";
  const staging = WRANGLER_API_ENVIRONMENT === "staging" ? ".staging" : "";
  return { baseUrl: `https://api${fedramp}${staging}.cloudflare.com/client/v4` };
}

/**
 * @param {string} baseUrl
 * @param {string} source
 * @returns {{ baseUrl: string } | { code: string, reason: string }}
 */
function checked(baseUrl, source) {
  const problem = checkApiBaseUrl(baseUrl);
  if (problem === null) return { baseUrl: baseUrl.replace(/\/+$/u, "") };
  const reason = `${source} ${problem}`;
  return { code: "invalid-api-base-url", reason };
}
