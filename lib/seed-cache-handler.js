// `seedCacheHandler`: passes a build's pages to the `set` method of a cache handler, with the
// arguments of vinext's own start-up.

import { DEFAULT_ATTEMPTS, DEFAULT_SET_MS, setEntry } from "./handler-call.js";
import { SEED_HANDLER } from "./native-calls.js";
import { checkOptions, invalidOption } from "./options/check.js";
import { runWithPages } from "./pages.js";
import { runForProject } from "./project.js";
import { textOf } from "./thrown.js";

/**
 * @param {import("../index.js").SeedCacheHandlerOptions} options
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedCacheHandler(options) {
  return runWithPages(options, seedInto);
}

/**
 * @param {import("../index.js").SeedCacheHandlerOptions} options
 * @returns {Promise<import("../index.js").SeedResult>}
 */
async function seedInto(options) {
  const { handler, ...given } = checkOptions("seedCacheHandler", options);
  checkHandler(handler);
  const setMs = given.timeouts?.requestMs ?? DEFAULT_SET_MS;
  const completed = {
    ...given,
    // The handler adds its own prefix to keys.
    appPrefix: "",
    retry: { attempts: DEFAULT_ATTEMPTS, ...given.retry },
    // So that the project's KV rules do not apply.
    store: handler,
    set: (/** @type {import("../index.js").NativeEntry} */ entry) =>
      settleWithin(setMs, () => setEntry(handler, entry)),
  };
  return runForProject(SEED_HANDLER, completed);
}

/** @param {unknown} handler */
function checkHandler(handler) {
  const isObject = handler !== null && ["object", "function"].includes(typeof handler);
  if (!isObject) {
    const shown = handler === null ? "null" : typeof handler;
    throw invalidOption("handler", `must be a cache handler, an object with \`set\`, not ${shown}`);
  }
  const { set } = /** @type {{ set?: unknown }} */ (handler);
  if (typeof set === "function") return;
  const isFactory = typeof handler === "function";
  const hint = isFactory ? "; call the factory, or create the class, first" : "";
  throw invalidOption("handler", `has no method \`set\`${hint}`);
}

/**
 * Waits for a call, and returns its outcome. Never rejects.
 * @param {number} milliseconds
 * @param {() => Promise<void>} call
 * @returns {Promise<import("../index.js").NativeSetOutcome>}
 */
async function settleWithin(milliseconds, call) {
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds, { timedOutAfterMs: milliseconds });
  });
  const called = call().then(
    () => ({}),
    (error) => ({ failure: textOf(error) }),
  );
  try {
    return await Promise.race([called, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
