// What a program sees that imports and requires the package where its native code is missing.

import { createRequire } from "node:module";

/** @type {unknown[]} */
const failures = [];
const note = (/** @type {any} */ { code, message }) => failures.push({ code, message });
await import("@vinext/seed-native").then(() => failures.push("imported"), note);
try {
  createRequire(import.meta.url)("@vinext/seed-native");
  failures.push("required");
} catch (error) {
  note(error);
}
console.log(JSON.stringify(failures));
