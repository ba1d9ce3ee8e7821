// The option `url` of the functions that ask a deployed site.

import { checkSiteUrl } from "./binding.js";

/**
 * Throws if the option is given and is no URL of a site.
 * @param {unknown} url
 */
export function expectSiteUrl(url) {
  if (url === undefined) return;
  const problem = typeof url === "string" ? checkSiteUrl(url) : "must be a string";
  if (problem === null) return;
  const message = `option \`url\` ${problem}; name the deployed site, such as https://example.com`;
  throw Object.assign(new Error(message), { code: "INVALID_OPTION" });
}
