// Loads a project's own data adapter and calls its `set` when the parent process asks. It
// runs other people's code.
//
// Messages in: an entry with an `id`, `{ ping: true }`, `{ end: true }`. Messages out: `{ ready: true }` or
// `{ unavailable }`; `{ id, failure? }` for each entry; `{ pong: true }`; `{ ended: true, failure? }`.

import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { setEntry } from "./handler-call.js";
import { takeChannel } from "./reader.js";
import { scrubGiven } from "./secrets.js";
import { textOf } from "./thrown.js";
import { importVite, loadEnvironment, loadViteConfig, vinextCacheOf } from "./vite-config.js";

/** How long a handler without `close` has for what it still writes after its last call, in milliseconds. */
const LAST_WRITES_MS = 200;

/** What Node's module system says about CommonJS where modules of ECMAScript are expected. */
const IS_COMMON_JS = /\b(?:module|exports|require|__dirname|__filename) is not defined\b/u;

/**
 * What to load.
 * @typedef {object} HandlerRequest
 * @property {string} root
 * @property {string} mode
 * @property {string} [configFile]
 * @property {string[]} [envFiles]
 * @property {string} [adapter] default: the one in the configuration
 * @property {unknown} [options] of `adapter`
 */

const send = takeChannel();
/** @param {object} message */
const tell = (message) => void send?.(message, undefined, undefined, () => {});
const said = (/** @type {unknown} */ thrown) => scrubGiven(textOf(thrown), process.env);

/** @type {any} */
let handler;
try {
  handler = await load(JSON.parse(process.argv.splice(2)[0] ?? "{}"));
  process.on("message", answer);
  tell({ ready: true });
} catch (error) {
  tell({ unavailable: said(error) });
}

/** @param {any} message */
async function answer({ id, key, value, ping, end }) {
  if (ping) return tell({ pong: true });
  if (end) return tell({ ended: true, ...(await settled(close())) });
  tell({ id, ...(await settled(setEntry(handler, { key, value }))) });
}

/** @param {Promise<void>} call */
function settled(call) {
  return call.then(
    () => ({}),
    (error) => ({ failure: said(error) }),
  );
}

/** Lets the handler finish what it does behind its calls. */
async function close() {
  if (typeof handler.close === "function") await handler.close();
  else await sleep(LAST_WRITES_MS);
}

/** @param {HandlerRequest} request */
async function load({ root, mode, configFile, envFiles, ...given }) {
  const vite = await importVite(root);
  loadEnvironment(vite, root, mode, envFiles);
  const isConfigured = configFile !== undefined;
  const config = isConfigured ? await loadViteConfig(vite, root, configFile, mode) : undefined;
  const data = given.adapter === undefined ? (await vinextCacheOf(config))?.data : given;
  if (typeof data?.adapter !== "string") {
    throw new Error("no adapter is configured as `cache.data` of vinext");
  }
  const { default: exported } = await importModule(vite, root, mode, config, data.adapter);
  return instantiate(exported, data);
}

/**
 * Imports a module as Vite would for a server: with TypeScript, aliases and packages.
 * @param {any} vite
 * @param {string} root
 * @param {string} mode
 * @param {any} config
 * @param {string} specifier
 */
async function importModule(vite, root, mode, config, specifier) {
  const named = specifier.startsWith("file:") ? fileURLToPath(specifier) : specifier;
  // It stays open: a module may import others when it is called.
  const server = await vite.createServer({
    root,
    mode,
    configFile: false,
    logLevel: "silent",
    appType: "custom",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true, include: [] },
    resolve: { tsconfigPaths: true, ...config?.resolve },
    define: config?.define,
  });
  try {
    return await server.ssrLoadModule(isAbsolute(named) ? vite.normalizePath(named) : named);
  } catch (error) {
    if (!isAbsolute(named) || !IS_COMMON_JS.test(textOf(error))) throw error;
    const module = await import(pathToFileURL(named).href);
    return module.default?.default === undefined ? module : module.default;
  }
}

/**
 * Makes the handler as vinext does: with `new` where a class is exported, and not waiting for a promise.
 * @param {any} exported
 * @param {{ adapter?: string, options?: unknown }} data
 */
function instantiate(exported, { adapter, options }) {
  if (typeof exported !== "function") {
    throw new Error(`${adapter} has no factory or class as its default export`);
  }
  // vinext writes the options into the built code as JSON.
  const plain = options === undefined ? undefined : JSON.parse(JSON.stringify(options));
  const given = { env: process.env, options: plain };
  const isClass = /^class\b/u.test(Function.prototype.toString.call(exported));
  const made = isClass ? new exported(given) : exported(given);
  if (made instanceof Promise) {
    made.catch(() => {});
    throw new Error(`${adapter} returned a promise, which vinext does not wait for`);
  }
  if (typeof made?.set !== "function") {
    throw new Error(`what ${adapter} made has no method \`set\``);
  }
  return made;
}
