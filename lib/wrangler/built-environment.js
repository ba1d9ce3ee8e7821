// Whether a build was made for the environment that its entries would go to.

import { realpathSync } from "node:fs";
import path from "node:path";
import { readRegularFile } from "../regular-file.js";

/** Where @cloudflare/vite-plugin writes the configuration that it has resolved for a build. */
const BUILT_CONFIG = path.join("dist", "server", "wrangler.json");

/** The largest configuration that is read. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The configuration that has no environments. */
export const TYPED_CONFIG = "cloudflare.config.ts";

/**
 * What the plugin records about the build in `dist/`, in every version since 1.31, the oldest that
 * builds a supported vinext.
 * @param {string} root
 * @returns {{ environment: string | null, userConfigPath?: string, isResolved: boolean } | undefined}
 *   `null` for the top-level environment; whether the plugin wrote it, rather than a person;
 *   nothing if there is no such file
 */
export function readBuilt(root) {
  try {
    const built = JSON.parse(readRegularFile(path.join(root, BUILT_CONFIG), MAX_BYTES));
    return {
      environment: built.targetEnvironment || null,
      userConfigPath: built.userConfigPath,
      isResolved: typeof built.topLevelName === "string",
    };
  } catch {
    return undefined;
  }
}

/**
 * @param {object} question
 * @param {string} question.root
 * @param {import("./config.js").WorkerConfig} question.config
 * @param {string} [question.env] what `--env` says
 * @param {string} [question.mode] what `--mode` says
 * @param {import("./environment.js").Environment} question.environment
 * @returns {{ code: string, reason: string } | undefined} why the build must not go where the
 *   configuration says
 */
export function checkEnvironment({ root, config, env, mode, environment }) {
  if (config.isTyped) return checkTyped(config, env, mode);
  const asked = env ?? environment.CLOUDFLARE_ENV;
  const isBuilt = isSameFile(config.configPath, path.join(root, BUILT_CONFIG));
  const read = readBuilt(root);
  const built = isBuilt || read?.isResolved ? read?.environment : undefined;
  // What the build has resolved leads to the build's own environment if no other is asked for.
  const goesTo = asked === undefined && isBuilt ? built : asked || null;
  if (built !== undefined && goesTo !== built) return mismatch(built, asked, config);
  const isDefined = !asked || isBuilt || (config.definedEnvironments?.includes(asked) ?? true);
  if (isDefined) return undefined;
  const known = config.definedEnvironments?.map((name) => `"${name}"`).join(", ");
  const reason = `${config.configPath} has no environment "${asked}"${known ? `, only ${known}` : ""}`;
  return { code: "no-such-environment", reason };
}

/**
 * @param {import("./config.js").WorkerConfig} config
 * @param {string} [env]
 * @param {string} [mode]
 */
function checkTyped({ mode: built, isPreview }, env, mode) {
  if (env) {
    const reason =
      `${TYPED_CONFIG} has no environments, so there is no "${env}"; it may depend on the mode that ` +
      "`vite build --mode` sets";
    return { code: "no-such-environment", reason };
  }
  if (isPreview) {
    const reason = "the build is for a Preview, which may have a namespace of its own";
    return { code: "environment-mismatch", reason };
  }
  if (mode === undefined || built === undefined || mode === built) return undefined;
  const reason = `the build was made with --mode ${built}, not ${mode}; build again with --mode ${mode}`;
  return { code: "environment-mismatch", reason };
}

/**
 * @param {string | null} built
 * @param {string | undefined} asked
 * @param {import("./config.js").WorkerConfig} config
 */
function mismatch(built, asked, { configPath }) {
  const again = asked ? `with CLOUDFLARE_ENV=${asked}` : "without CLOUDFLARE_ENV";
  const instead = built === null ? "ask for no environment" : `ask for it with --env ${built}`;
  const reason =
    `the build in dist/ is for ${named(built)}, but entries would go to ${named(asked)} ` +
    `(${configPath}); build again ${again}, or ${instead}`;
  return { code: "environment-mismatch", reason };
}

/** @param {string | null | undefined} environment */
function named(environment) {
  return environment ? `the environment "${environment}"` : "the top-level environment";
}

/**
 * @param {string | undefined} one
 * @param {string} other
 */
function isSameFile(one, other) {
  if (one === undefined) return false;
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
