// Wraps a cache adapter's descriptor so that vinext seeds pages after pre-rendering.
//
// Invariants: importing it loads no native code, since every `vite dev` does.

import { deployUnderWay, isBuild } from "./deploy-under-way.js";

/** @typedef {(prerendered: { root: string, clientOutDir: string }) => unknown} Hook */

/**
 * The options of existing hooks, so that wrapping a descriptor again does not seed twice.
 * @type {WeakMap<Hook, { inner?: Hook, options: import("./vite.js").WithSeedOptions }>}
 */
const ours = new WeakMap();

/** Whether vinext has called a hook in this process. */
let isCalled = false;

/**
 * What to do at the end of a deploy in which it does not.
 * @type {{ descriptor: object, options: import("./vite.js").WithSeedOptions } | undefined}
 */
let uncalled;

/**
 * Options with the store that the adapter reads, if it is not Workers KV. Importing the module that decides
 * loads native code.
 * @param {object} descriptor
 * @param {import("./vite.js").WithSeedOptions} options
 */
async function withStore(descriptor, options) {
  const { withStoreOfDescriptor } = await import("../store-of-project.js");
  return withStoreOfDescriptor(descriptor, options);
}

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

  watch(descriptor, all);
  /** @param {Parameters<Hook>[0]} prerendered */
  const finalizePrerenderOutput = async (prerendered) => {
    await inner?.call(output, prerendered);
    isCalled = true;
    const deploy = deployUnderWay();
    if (deploy.kind === "off") return;
    try {
      const { seedAfterPrerender } = await import("./after-prerender.js");
      await seedAfterPrerender(prerendered.root, await withStore(descriptor, all), deploy);
    } catch (error) {
      if (all.strict === true && deploy.kind === "deploy") throw error;
      warn(textOf(error));
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
 * Copies an object with other members, keeping accessors and prototype.
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

/**
 * Warns if vinext never calls the hook, so that no deploy is silently left unseeded. The deploy command of
 * @vinext/cloudflare up to 1.0.0-beta.7 does not call it.
 * @param {object} descriptor
 * @param {import("./vite.js").WithSeedOptions} options
 */
function watch(descriptor, options) {
  if (deployUnderWay().kind !== "deploy" || !isBuild()) return;
  if (uncalled === undefined) {
    // Not emitted after an error, which ends the process by `process.exit`.
    process.once("beforeExit", () => void endUncalled());
  }
  uncalled = { descriptor, options };
}

async function endUncalled() {
  const deploy = deployUnderWay();
  if (isCalled || process.exitCode || deploy.kind !== "deploy") return;
  if (!deploy.isCommand) {
    return warn(
      "nothing was seeded: vinext calls withSeed() after pre-rendering, which requires vinext " +
        '1.4.0 or later and `prerender: { routes: "*" }` in vinext\'s options; `npx vinext-seed` ' +
        "seeds the last build",
    );
  }
  try {
    const { seedAfterDeploy } = await import("./after-prerender.js");
    const { descriptor = {}, options = {} } = uncalled ?? {};
    await seedAfterDeploy(process.cwd(), await withStore(descriptor, options), deploy);
  } catch (error) {
    warn(textOf(error));
    if (uncalled?.options.strict) process.exitCode = 1;
  }
}

/** @param {any} error */
function textOf(error) {
  const { code, message = String(error) } = error ?? {};
  return code === undefined ? message : `${message} (${code})`;
}

/** @param {string} message */
function warn(message) {
  process.stderr.write(`[vinext-seed] warning: ${message}\n`);
}
