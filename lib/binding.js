// Loads the native code from the package for this platform, or says why there is none. `native.cjs`,
// which is generated, looks for it.

import { createRequire } from "node:module";
import { sanitize } from "./sanitized-text.js";

/** The platforms that there is a package for: `@vinext/seed-native-<platform>`. */
const PLATFORMS = [
  "darwin-arm64",
  "darwin-x64",
  "linux-arm64-gnu",
  "linux-arm64-musl",
  "linux-x64-gnu",
  "linux-x64-musl",
  "win32-arm64-msvc",
  "win32-x64-msvc",
];

/** What `npm run build` generates. */
const LOADER = "../native.cjs";

/** The oldest Node, as `engines` of package.json says. */
const NEEDED_NODE = [20, 19];

const native = load();

export const {
  checkApiBaseUrl,
  checkApiToken,
  checkSiteUrl,
  explainRoute,
  exportKvSeed,
  inspectWorker,
  planKvSeed,
  probeFiles,
  sampleKvEntries,
  sanitizeText,
  seedHandler,
  seedKvCache,
  seedStore,
  siteRequest,
} = native;

/** @type {typeof import("./binding.js").apiRequest} */
export async function apiRequest(request) {
  return JSON.parse(await native.apiRequest(request));
}

/** @type {typeof import("./binding.js").pruneKvEntries} */
export async function pruneKvEntries(options) {
  return JSON.parse(await native.pruneKvEntries(options));
}

function load() {
  checkNode();
  try {
    // Required, not imported: only so can the failure be caught without a top-level `await`,
    // which would keep CommonJS from requiring this package.
    return createRequire(import.meta.url)(LOADER);
  } catch (cause) {
    throw explain(cause);
  }
}

/** An older Node fails anyhow, but with a message about something else. */
function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = NEEDED_NODE;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw failure(
    "NODE_TOO_OLD",
    `@vinext/seed-native needs Node.js ${NEEDED_NODE.join(".")} or later, and this is ` +
      process.versions.node,
  );
}

/** @param {unknown} cause what `native.cjs` threw, or why it could not be required */
function explain(cause) {
  if (isBundled(cause)) {
    return failure(
      "NATIVE_CODE_BUNDLED",
      "@vinext/seed-native has been bundled, and its native code is not beside the bundle; do not bundle " +
        "it: name it in `external` of the bundler (esbuild: `--external:@vinext/seed-native`, rolldown " +
        'and Rollup: `external: ["@vinext/seed-native"]`, Vite: `ssr.external`), and install it where ' +
        "the bundle runs",
      cause,
    );
  }
  // The loader keeps the messages of all its attempts, and not their codes.
  const fault = causes(cause)
    .map((error) => String(error.message))
    .find((message) => !/^Cannot find (?:module|native binding)/u.test(message));
  if (fault?.includes("addons is disabled")) {
    return failure(
      "NATIVE_CODE_DISABLED",
      "@vinext/seed-native has native code, and native code is disabled in this process: run Node.js " +
        "without --no-addons, and with --allow-addons where --permission is used",
      cause,
    );
  }
  if (fault?.includes("--allow-fs-read")) {
    return failure(
      "NATIVE_CODE_DISABLED",
      "@vinext/seed-native may not be read in this process: run Node.js with --allow-fs-read for its " +
        `directory and with --allow-addons (${sanitize(fault)})`,
      cause,
    );
  }
  const platform = platformOfThisProcess();
  if (!PLATFORMS.includes(platform)) {
    return failure(
      "PLATFORM_UNSUPPORTED",
      `@vinext/seed-native has no native code for ${platform}; there is some for ` +
        `${PLATFORMS.join(", ")}`,
      cause,
    );
  }
  const name = `@vinext/seed-native-${platform}`;
  if (fault !== undefined) {
    return failure("NATIVE_CODE_UNLOADABLE", `${name} cannot be loaded: ${sanitize(fault)}`, cause);
  }
  return failure(
    "NATIVE_CODE_MISSING",
    `the package ${name} is not installed. It has the native code of @vinext/seed-native and is ` +
      "one of its optional dependencies: install without leaving those out (npm: without " +
      "--omit=optional, pnpm: without --no-optional, yarn: without --ignore-optional). If the lock " +
      "file was written on another platform, remove it and node_modules, and install again",
    cause,
  );
}

/**
 * Whether this module is not where it was published: its loader is always beside it.
 * @param {any} cause
 */
function isBundled(cause) {
  // Bundlers that write CommonJS leave no URL to require from.
  if (!import.meta.url) return true;
  return cause?.code === "MODULE_NOT_FOUND" && String(cause.message).includes(`'${LOADER}'`);
}

/** As in the names of the packages; for platforms without one, similarly. */
function platformOfThisProcess() {
  const { platform, arch } = process;
  if (platform === "win32") return `${platform}-${arch}-msvc`;
  if (platform === "linux") return `${platform}-${arch}-${isMusl() ? "musl" : "gnu"}`;
  return `${platform}-${arch}`;
}

function isMusl() {
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  );
  return header.glibcVersionRuntime === undefined;
}

/**
 * The error and what caused it, outermost first.
 * @param {any} error
 * @returns {any[]}
 */
function causes(error) {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}

/**
 * @param {string} code
 * @param {string} message
 * @param {unknown} [cause]
 */
function failure(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { code });
}
