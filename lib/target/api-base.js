// Which Cloudflare API is spoken to.
//
// In: variables, the configuration's compliance region. Out: a base URL.
// Never: a request.

/** The region with an API of its own. */
const FEDRAMP = "fedramp_high";
const REGIONS = ["public", FEDRAMP];

/**
 * @param {import("./environment.js").Environment} environment
 * @param {string} [configured] the configuration's `compliance_region`
 * @returns {{ baseUrl: string } | { code: string, reason: string }}
 */
export function apiBase(environment, configured) {
  const { CLOUDFLARE_API_BASE_URL, CLOUDFLARE_COMPLIANCE_REGION, WRANGLER_API_ENVIRONMENT } = environment;
  const asked = CLOUDFLARE_COMPLIANCE_REGION || undefined;
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
  if (CLOUDFLARE_API_BASE_URL) return { baseUrl: CLOUDFLARE_API_BASE_URL.replace(/\/+$/u, "") };
  const fedramp = region === FEDRAMP ? ".fed" : "";
  const staging = WRANGLER_API_ENVIRONMENT === "staging" ? ".staging" : "";
  return { baseUrl: `https://api${fedramp}${staging}.cloudflare.com/client/v4` };
}
