// Seeds through the `set` of the project's own cache handler, the one that its Vite configuration names.

import path from "node:path";
import { signalOf, whenAborted } from "./abort.js";
import { DEFAULT_MODE, configFileOf, environmentOf } from "./cache-config.js";
import { configuredHandler } from "./configured-handler.js";
import { DEFAULT_ATTEMPTS, DEFAULT_SET_MS } from "./handler-call.js";
import { SEED_HANDLER } from "./native-calls.js";
import { runForProject } from "./project.js";

/**
 * @param {any} options those of `seedCache`, and of `seedFromProject` the environment
 * @param {{ adapter?: string, options?: unknown }} named what to load, if it is not what the configuration
 *   says
 * @param {import("./cache-config.js").CacheConfig} [known] what the Vite configuration says, if it
 *   has been read already
 * @returns {Promise<import("../index.js").SeedResult>}
 */
export async function seedConfiguredHandler({ env, envFiles, ...options }, named, known) {
  const { root, viteConfig, viteMode, timeouts } = options;
  const home = path.resolve(typeof root === "string" ? root : ".");
  const request = {
    root: home,
    mode: viteMode ?? DEFAULT_MODE,
    configFile: viteConfig === false ? undefined : configFileOf(home, viteConfig),
    envFiles: envFiles ?? undefined,
    ...named,
  };
  const handler = configuredHandler(request, {
    env: environmentOf(env),
    setMs: timeouts?.requestMs ?? DEFAULT_SET_MS,
    loadMs: timeouts?.connectMs ?? undefined,
  });
  const stopListening = whenAborted(signalOf(options.signal), handler.kill);
  const completed = {
    ...options,
    // The handler adds its own prefix to keys.
    appPrefix: "",
    retry: { attempts: DEFAULT_ATTEMPTS, ...options.retry },
    set: handler.set,
  };
  try {
    const result = await runForProject(SEED_HANDLER, completed, { cacheConfig: known });
    const problem = await handler.end();
    if (problem !== undefined) {
      result.warnings.push(
        `the cache handler could not be closed, so its last writes may be missing: ${problem}`,
      );
    }
    return result;
  } catch (error) {
    await handler.end();
    throw error;
  } finally {
    stopListening();
    handler.kill();
  }
}
