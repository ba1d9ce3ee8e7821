// Where a project's entries go, found out as wrangler would.
//
// In: a project's directory, options. Out: a target, or the one thing that is missing and what to set.
// Never: a write, and never a guess between two of something.

import path from "node:path";
import { findAccount } from "./account.js";
import { apiBase } from "./api-base.js";
import { ApiError, deployedNamespace } from "./cloudflare-api.js";
import { readWranglerConfig } from "./config.js";
import { readEnvironment } from "./environment.js";
import { checkNamespaceId, findNamespace } from "./namespace.js";
import { findToken } from "./token.js";

/**
 * @typedef {object} TargetOptions
 * @property {string} root
 * @property {string} [env]
 * @property {string} [config]
 * @property {string} [binding]
 * @property {string} [namespaceId]
 * @property {string} [accountId]
 * @property {string} [apiToken]
 * @property {string} [apiBaseUrl]
 * @property {string} [persistTo]
 * @property {string} [profile] wrangler's auth profile
 * @property {string[]} [envFiles] instead of the default `.env` files
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
 */

/**
 * @typedef {object} LocalTarget
 * @property {string} namespaceId
 * @property {string} [binding]
 * @property {string} [configPath]
 * @property {string} persistTo
 */

/**
 * What is missing, and what is known all the same.
 * @typedef {{ code: string, reason: string, namespaceId?: string, binding?: string }} Missing
 */

/**
 * @param {TargetOptions} options
 * @param {Promise<string | undefined>} [cacheBinding] the binding that the Vite configuration names
 * @returns {Promise<RemoteTarget | Missing>}
 */
export async function resolveTarget(options, cacheBinding) {
  const { root, accountId, signal } = options;
  const environment = readEnvironment(root, options);
  const found = await findBinding(options, environment, cacheBinding);
  if ("code" in found) return found;
  const { config, namespace } = found;
  const base = apiBase(environment, config?.complianceRegion, options.apiBaseUrl);
  if ("code" in base) return base;
  const token = await findToken({
    root,
    apiToken: options.apiToken,
    profile: options.profile,
    environment,
    signal,
  });
  const known = { namespaceId: namespace.id, binding: namespace.binding };
  if ("code" in token) return { ...token, ...known };
  const api = { baseUrl: base.baseUrl, token: token.token, signal };
  try {
    const account = await findAccount({ accountId, config, environment, api });
    if ("code" in account) return { ...account, ...known };
    const id =
      namespace.id ?? (await provisioned(api, account.accountId, config, namespace.binding));
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
  const { binding, preview_id, id } = namespace;
  const namespaceId = preview_id ?? id ?? binding;
  return {
    namespaceId: /** @type {string} */ (namespaceId),
    binding,
    configPath: config?.configPath,
    persistTo: stateDirectory(root, options.persistTo, config),
  };
}

/**
 * Where wrangler keeps local state: beside the configuration that its user wrote.
 * @param {string} root
 * @param {string | undefined} persistTo relative to `root`
 * @param {{ userConfigPath?: string, configPath?: string }} [config]
 * @param {import("node:path").PlatformPath} [paths]
 */
export function stateDirectory(root, persistTo, config, paths = path) {
  if (persistTo !== undefined) return paths.resolve(root, persistTo);
  const file = config?.userConfigPath ?? config?.configPath;
  const home = file === undefined ? root : paths.dirname(file);
  return paths.join(home, ".wrangler", "state");
}

/**
 * @param {TargetOptions} options
 * @param {import("./environment.js").Environment} environment
 * @param {Promise<string | undefined>} [cacheBinding]
 * @param {"local"} [place] there, ids may be anything
 * @returns {Promise<{ config?: import("./config.js").WranglerConfig,
 *   namespace: { binding?: string, id?: string, preview_id?: string } } | Missing>}
 */
async function findBinding(options, environment, cacheBinding, place) {
  const { root, env, namespaceId, signal } = options;
  // Wrangler calls a file as it was called by us; it is to mean the same to everybody.
  const file = options.config === undefined ? undefined : path.resolve(root, options.config);
  if (namespaceId !== undefined && place !== "local") {
    const problem = checkNamespaceId(namespaceId, "--namespace-id");
    if (problem !== undefined) return problem;
  }
  const answer = await readWranglerConfig({ root, config: file, env, environment, signal });
  if (namespaceId !== undefined) {
    // The namespace is known. The rest of the configuration may say the account.
    if (answer.kind === "wrong" && (file ?? env) !== undefined) return answer;
    const config = answer.kind === "config" ? answer.config : undefined;
    return { config, namespace: { id: namespaceId } };
  }
  if (answer.kind === "wrong") return answer;
  if (answer.kind === "absent") {
    const reason = `${answer.reason}; name the KV namespace with --namespace-id`;
    return { code: "no-config", reason };
  }
  const found = findNamespace(answer.config, options.binding ?? (await cacheBinding));
  if ("code" in found) return found;
  const { id } = found.namespace;
  if (id !== undefined && place !== "local") {
    const { configPath } = answer.config;
    const problem = checkNamespaceId(id, `the id of ${found.namespace.binding} in ${configPath}`);
    if (problem !== undefined) return problem;
  }
  return { config: answer.config, namespace: found.namespace };
}

/**
 * The namespace that Cloudflare made for a binding without an id.
 * @param {import("./cloudflare-api.js").Api} api
 * @param {string} accountId
 * @param {import("./config.js").WranglerConfig | undefined} config
 * @param {string | undefined} binding
 * @returns {Promise<string | Missing>}
 */
async function provisioned(api, accountId, config, binding) {
  const worker = config?.name;
  const id =
    worker === undefined || binding === undefined
      ? undefined
      : await deployedNamespace(api, accountId, worker, binding);
  if (id !== undefined) return id;
  const reason =
    `${binding} has no id in ${config?.configPath}, and the Worker ${worker ?? "(unnamed)"} is not ` +
    "deployed with it yet: deploy once, which makes the namespace, then seed";
  return { code: "deploy-first", reason };
}
