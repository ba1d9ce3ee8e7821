// `explainRoute`: under which keys the runtime looks for a page.

import { explainRoute as explainNatively } from "./binding.js";
import { checkOptions } from "./options/check.js";

/** @type {typeof import("../index.js").explainRoute} */
export function explainRoute(query) {
  return explainNatively(checkOptions("explainRoute", query));
}
