// Finds the KV namespace that the Worker's binding leads to.

import { ID } from "./account.js";

/** The adapter's default binding, and before it that of the scaffolded Worker. */
const DEFAULT_BINDINGS = ["VINEXT_KV_CACHE", "VINEXT_CACHE"];

/**
 * @param {import("./config.js").WorkerConfig} config
 * @param {string} [wanted]
 * @returns {{ namespace: import("./config.js").KvNamespaceConfig }
 *   | { code: string, reason: string }}
 */
export function findNamespace({ kvNamespaces, configPath, isTyped }, wanted) {
  const candidates = wanted === undefined ? DEFAULT_BINDINGS : [wanted];
  for (const binding of candidates) {
    const found = kvNamespaces.filter((one) => one.binding === binding);
    const [namespace] = found;
    if (found.length > 1) {
      const reason = `${configPath} binds ${binding} to ${found.length} KV namespaces; keep one`;
      return { code: "ambiguous-binding", reason };
    }
    if (namespace !== undefined) return { namespace };
  }
  const others = kvNamespaces.map(({ binding }) => binding).join(", ");
  const fix = isTyped
    ? `add \`${candidates[0]}: bindings.kv()\` to \`env\` in cloudflare.config.ts and build again`
    : "add it to kv_namespaces, of the environment too if there is one";
  const reason =
    `${configPath} binds no KV namespace to ${candidates.join(" or ")}` +
    `${others === "" ? "" : ` (only to ${others})`}; ${fix}, or name another with --binding`;
  return { code: "no-namespace", reason };
}

/**
 * @param {string} id
 * @param {string} source
 * @param {boolean} [isTyped] whether it is written in `cloudflare.config.ts`
 * @returns {{ code: string, reason: string } | undefined} what is wrong with it
 */
export function checkNamespaceId(id, source, isTyped) {
  if (ID.test(id)) return undefined;
  const create = isTyped
    ? "copy it from the dashboard"
    : "create one with `wrangler kv namespace create VINEXT_KV_CACHE`";
  const reason =
    `${source} is ${JSON.stringify(id)}, but ids of KV namespaces have 32 hexadecimal digits; ` +
    `${create}, or leave the id out and let the first deploy create the namespace`;
  return { code: "invalid-namespace-id", reason };
}
