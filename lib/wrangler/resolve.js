// Determines where a project's entries go, as wrangler would: a target, or what is missing and what
// to set. It never writes and never guesses.

import path from "node:path";
import { findAccount } from "./account.js";
import { apiBase } from "./api-base.js";
import { ApiError, deployedNamespace } from "./cloudflare-api.js";
import { readWorkerConfig } from "./config.js";
import { readEnvironment } from "./environment.js";
import { checkNamespaceId, findNamespace } from "./namespace.js";
import { persistStatePath } from "./persist-state.js";
import { findToken } from "./token.js";

/**
 * @typedef {object} TargetOptions
 * @property {string} root
 * @property {string} [env]
 * @property {string} [viteMode] the build's `--mode`
 * @property {string} [config]
 * @property {string} [binding]
 * @property {string} [namespaceId]
 * @property {string} [accountId]
 * @property {string} [apiToken]
 * @property {string} [apiBaseUrl]
 * @property {string} [workerName] instead of the configuration's
 * @property {string} [dispatchNamespace] where the Worker is one of Workers for Platforms
 * @property {string} [profile] wrangler's auth profile
 * @property {string[]} [envFiles] instead of the default `.env` files
 * @property {string} [persistTo]
 * @property {string | false} [viteConfig] relative to `root`
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} RemoteTarget
 * @property {string} accountId
 * @property {string} accountSource
 * @property {string} namespaceId
 * @property {string} [binding]
 * @property {string} [configPath]
 * @property {string} apiBaseUrl
 * @property {string} apiToken
 * @property {string} tokenSource
 * @property {string} [workerName]
 */

/**
 * @typedef {object} LocalTarget
 * @property {string} namespaceId
 * @property {string} [binding]
 * @property {string} [configPath]
 * @property {string} persistTo
 * @property {string[]} warnings
 */

/**
 * What is missing, and what is known.
 * @typedef {{ code: string, reason: string, namespaceId?: string, binding?: string }} Missing
 */

/**
 * @param {TargetOptions} options
 * @param {Promise<string | undefined>} [cacheBinding] the binding that the Vite configuration names
 * @returns {Promise<RemoteTarget | Missing>}
 */
export async function resolveTarget(options, cacheBinding) {
  const { root, accountId, profile, signal } = options;
  const environment = readEnvironment(root, options);
  const found = await findBinding(options, environment, cacheBinding);
  if ("code" in found) return found;
  const { config, namespace } = found;
  const base = apiBase(environment, config?.complianceRegion, options.apiBaseUrl);
  if ("code" in base) return base;
  const isTyped = config?.isTyped;
  const { apiToken } = options;
  const token = await findToken({ root, apiToken, profile, environment, isTyped, signal });
  const known = { namespaceId: namespace.id, binding: namespace.binding };
  if ("code" in token) return { ...token, ...known };
  const api = {
    baseUrl: base.baseUrl,
    token: token.token,
    tokenSource: token.source,
    signal,
  };
  try {
    const account = await findAccount({ root, accountId, profile, config, environment, api });
    if ("code" in account) return { ...account, ...known };
    const id =
      namespace.id ??
      (await provisioned(api, account.accountId, options, config, namespace.binding));
    if (typeof id !== "string") return id;
    return {
      accountId: account.accountId,
      accountSource: account.source,
      namespaceId: id,
      binding: namespace.binding,
      configPath: config?.configPath,
      apiBaseUrl: api.baseUrl,
      apiToken: token.token,
      tokenSource: token.source,
      workerName: options.workerName ?? config?.name,
    };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { code: "target-unknown", reason: error.message, ...known };
  }
}

/**
 * The KV that `wrangler dev` and `vite preview` read on this machine.
 * @param {TargetOptions} options
 * @param {Promise<string | undefined>} [cacheBinding]
 * @returns {Promise<LocalTarget | Missing>}
 */
export async function resolveLocalTarget(options, cacheBinding) {
  const root = path.resolve(options.root);
  const environment = readEnvironment(root, options);
  const found = await findBinding(options, environment, cacheBinding, "local");
  if ("code" in found) return found;
  const { config, namespace } = found;
  const { signal, viteConfig } = options;
  const persistTo =
    options.persistTo ?? (await persistStatePath({ root, viteConfig, environment, signal }));
  const { binding, preview_id, id, remote } = namespace;
  const namespaceId = preview_id ?? id ?? binding;
  const warnings = remote
    ? [
        `${binding} is a remote binding (\`remote: true\` in ${config?.configPath}): local development ` +
          "reads the deployed namespace, not what is seeded here",
      ]
    : [];
  return {
    namespaceId: /** @type {string} */ (namespaceId),
    binding,
    configPath: config?.configPath,
    persistTo: stateDirectory(root, persistTo, config),
    warnings,
  };
}

/**
 * Where wrangler keeps local state: next to the configuration that its user wrote, else in the project.
 * @param {string} root
 * @param {string | undefined} persistTo relative to `root`
 * @param {{ userConfigPath?: string }} [config]
 * @param {import("node:path").PlatformPath} [paths]
 */
export function stateDirectory(root, persistTo, config, paths = path) {
  if (persistTo !== undefined) return paths.resolve(root, persistTo);
  const file = config?.userConfigPath;
  const home = file === undefined ? root : paths.dirname(file);
  return paths.join(home, ".wrangler", "state");
}

/**
 * @param {TargetOptions} options
 * @param {import("./environment.js").Environment} environment
 * @param {Promise<string | undefined>} [cacheBinding]
 * @param {"local"} [place] there, ids may be anything
 * @returns {Promise<{ config?: import("./config.js").WorkerConfig,
 *   namespace: { binding?: string, id?: string, preview_id?: string, remote?: boolean } } | Missing>}
 */
async function findBinding(options, environment, cacheBinding, place) {
  const { root, env, viteMode: mode, namespaceId, signal } = options;
  // Wrangler runs in the project's directory, so the file is relative to it.
  const file = options.config === undefined ? undefined : path.resolve(root, options.config);
  if (namespaceId !== undefined && place !== "local") {
    const problem = checkNamespaceId(namespaceId, "--namespace-id");
    if (problem !== undefined) return problem;
  }
  const answer = await readWorkerConfig({ root, config: file, env, mode, environment, signal });
  if (namespaceId !== undefined) {
    // The namespace is known. The rest of the configuration may name the account.
    if (answer.kind === "wrong" && (file ?? env ?? mode) !== undefined) return missing(answer);
    const config = answer.kind === "config" ? answer.config : undefined;
    return { config, namespace: { id: namespaceId } };
  }
  if (answer.kind === "wrong") return missing(answer);
  if (answer.kind === "absent") {
    const reason = `${answer.reason}; or name the KV namespace with --namespace-id`;
    return { code: "no-config", reason };
  }
  const { config } = answer;
  const found = findNamespace(config, options.binding ?? (await cacheBinding));
  if ("code" in found) return found;
  const { id, binding } = found.namespace;
  if (id !== undefined && place !== "local") {
    const source = `the id of ${binding} in ${config.configPath}`;
    const problem = checkNamespaceId(id, source, config.isTyped);
    if (problem !== undefined) return problem;
  }
  return { config, namespace: found.namespace };
}

/** @param {Missing} answer */
function missing({ code, reason }) {
  return { code, reason };
}

/**
 * The namespace that Cloudflare created for a binding without an id.
 * @param {import("./cloudflare-api.js").Api} api
 * @param {string} accountId
 * @param {TargetOptions} options
 * @param {import("./config.js").WorkerConfig | undefined} config
 * @param {string | undefined} binding
 * @returns {Promise<string | Missing>}
 */
async function provisioned(api, accountId, options, config, binding) {
  const { workerName, dispatchNamespace } = options;
  const name = workerName ?? config?.name;
  const id =
    name === undefined || binding === undefined
      ? undefined
      : await deployedNamespace(api, accountId, { name, dispatchNamespace }, binding);
  if (id !== undefined) {
    const problem = checkNamespaceId(id, `the id of ${binding} on the Worker ${name}`);
    return problem ?? id;
  }
  const reason =
    `${binding} has no id in ${config?.configPath}, and the Worker ${name ?? "(unnamed)"} is not ` +
    "deployed with it yet: the first deploy creates the namespace. `vinext-seed deploy` seeds right " +
    "after it; otherwise run `vinext-seed --after-deploy` then";
  return { code: "deploy-first", reason, binding };
}
