// Wraps a cache adapter's descriptor, so that vinext seeds its pages when it has pre-rendered them.
//
// Invariants: importing it loads no native code, since every `vite dev` does.

import { deployUnderWay, isBuild } from "./deploy-under-way.js";

/** @typedef {(prerendered: { root: string, clientOutDir: string }) => unknown} Hook */

/**
 * What our hooks were made of, so that wrapping a descriptor again does not seed twice.
 * @type {WeakMap<Hook, { inner?: Hook, options: import("./vite.js").WithSeedOptions }>}
 */
const ours = new WeakMap();

/** Whether vinext has called a hook in this process. */
let isCalled = false;
let isWatching = false;

/** @type {import("./vite.js").withSeed} */
export function withSeed(descriptor, options = {}) {
  checkDescriptor(descriptor);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError("withSeed(): the options must be an object");
  }
  const { output } = /** @type {{ output?: any }} */ (descriptor);
  const existing = output?.finalizePrerenderOutput;
  const before = ours.get(existing);
  const inner = before === undefined ? existing : before.inner;
  const all = { ...before?.options, ...options };

  warnIfNeverCalled();
  /** @param {Parameters<Hook>[0]} prerendered */
  const finalizePrerenderOutput = async (prerendered) => {
    await inner?.call(output, prerendered);
    isCalled = true;
    const deploy = deployUnderWay();
    if (deploy.kind === "off") return;
    try {
      const { seedAfterPrerender } = await import("./after-prerender.js");
      await seedAfterPrerender(prerendered.root, all, deploy);
    } catch (error) {
      if (all.strict === true && deploy.kind === "deploy") throw error;
      const { code, message = String(error) } = /** @type {any} */ (error ?? {});
      warn(code === undefined ? message : `${message} (${code})`);
    }
  };
  ours.set(finalizePrerenderOutput, { inner, options: all });
  return /** @type {any} */ (
    copy(descriptor, { output: copy(output ?? {}, { finalizePrerenderOutput }) })
  );
}

/** @param {unknown} descriptor */
function checkDescriptor(descriptor) {
  if (typeof descriptor === "function") {
    throw new TypeError("withSeed(): call the adapter, as in withSeed(kvDataAdapter())");
  }
  const { adapter } = /** @type {{ adapter?: unknown }} */ (descriptor ?? {});
  if (typeof descriptor !== "object" || typeof adapter !== "string") {
    throw new TypeError(
      "withSeed() takes a cache adapter's descriptor, as in withSeed(kvDataAdapter())",
    );
  }
}

/**
 * The same object with other members. Accessors and the prototype stay as they are.
 * @param {object} original
 * @param {object} changes
 */
function copy(original, changes) {
  const members = Object.getOwnPropertyDescriptors(original);
  const target = Object.create(Object.getPrototypeOf(original), members);
  for (const [name, value] of Object.entries(changes)) {
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return target;
}

/** A deploy that nobody seeds is what this package is there to prevent. */
function warnIfNeverCalled() {
  if (isWatching || deployUnderWay().kind !== "deploy" || !isBuild()) return;
  isWatching = true;
  // Not emitted after an error, which ends the process by `process.exit`.
  process.once("beforeExit", () => {
    if (isCalled) return;
    warn(
      "nothing was seeded: vinext calls withSeed() after it has pre-rendered, which takes vinext " +
        '1.4.0 or later and `prerender: { routes: "*" }` in vinext\'s options; `npx vinext-seed` ' +
        "seeds the last build",
    );
  });
}

/** @param {string} message */
function warn(message) {
  process.stderr.write(`[vinext-seed] warning: ${message}\n`);
}
