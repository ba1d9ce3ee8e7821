// Validates the option `url` of functions that request a deployed site.

import { checkSiteUrl } from "./binding.js";
import { invalidOption } from "./options/check.js";

/**
 * Throws if the option is set and is not a valid site URL.
 * @param {unknown} url
 */
export function expectSiteUrl(url) {
  if (url === undefined) return;
  const problem = typeof url === "string" ? checkSiteUrl(url) : "must be a string";
  if (problem === null) return;
  throw invalidOption("url", `${problem}; pass the deployed site, such as https://example.com`);
}
