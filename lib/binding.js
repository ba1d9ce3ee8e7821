// Loads the native code from the package for this platform, or reports why it cannot.

import { createRequire } from "node:module";
import { sanitize } from "./sanitized-text.js";

/** The package; each platform has its own, `@vinext/seed-native-<platform>`. */
const PACKAGE = "@vinext/seed-native";

/** The platforms that there is a package for. */
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

/** What is next to this module in every installation. */
const MANIFEST = "../package.json";

/** A file to load instead, as for every package that napi-rs builds. */
const { NAPI_RS_NATIVE_LIBRARY_PATH: OVERRIDE } = process.env;

/** The oldest Node, as `engines` of package.json says. */
const NEEDED_NODE = [20, 19];

const native = load();

export const {
  checkApiBaseUrl,
  checkApiToken,
  checkSiteUrl,
  examineBuild,
  explainRoute,
  exportKvSeed,
  inspectWorker,
  planKvSeed,
  probeFiles,
  readStore,
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
  const platform = platformOfThisProcess();
  try {
    // Required, not imported, so that the failure can be caught without a top-level `await`, which
    // would prevent CommonJS from requiring this package.
    const require = createRequire(import.meta.url);
    require.resolve(MANIFEST);
    return require(fileOfNativeCode(require, platform));
  } catch (cause) {
    throw explain(cause, platform);
  }
}

/**
 * Finds the native code: the file that the environment names, else the one that `npm run build` wrote,
 * else the installed package.
 * @param {NodeJS.Require} require
 * @param {string} platform
 */
function fileOfNativeCode(require, platform) {
  if (OVERRIDE) return OVERRIDE;
  try {
    return require.resolve(`../seed-native.${platform}.node`);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    return require.resolve(`${PACKAGE}-${platform}`);
  }
}

/** An older Node fails anyway, but with an unrelated message. */
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

/**
 * @param {any} cause why the native code could not be loaded
 * @param {string} platform
 */
function explain(cause, platform) {
  if (isBundled(cause)) {
    return failure(
      "NATIVE_CODE_BUNDLED",
      "@vinext/seed-native has been bundled without its native code; do not bundle " +
        "it: mark it as external (esbuild: `--external:@vinext/seed-native`, rolldown " +
        'and Rollup: `external: ["@vinext/seed-native"]`, Vite: `ssr.external`), and install it where ' +
        "the bundle runs",
      cause,
    );
  }
  const isAbsent = isMissing(cause) && !OVERRIDE;
  const fault = isAbsent ? undefined : String(cause?.message);
  if (fault?.includes("addons is disabled")) {
    return failure(
      "NATIVE_CODE_DISABLED",
      "@vinext/seed-native has native code, which is disabled in this process: run Node.js " +
        "without --no-addons, and with --allow-addons if --permission is used",
      cause,
    );
  }
  if (fault?.includes("--allow-fs-read")) {
    return failure(
      "NATIVE_CODE_DISABLED",
      "@vinext/seed-native cannot be read in this process: run Node.js with --allow-fs-read for its " +
        `directory and with --allow-addons (${sanitize(fault)})`,
      cause,
    );
  }
  if (!PLATFORMS.includes(platform)) {
    return failure(
      "PLATFORM_UNSUPPORTED",
      `@vinext/seed-native has no native code for ${platform}, only for ` +
        `${PLATFORMS.join(", ")}`,
      cause,
    );
  }
  const name = `${PACKAGE}-${platform}`;
  if (fault !== undefined) {
    return failure("NATIVE_CODE_UNLOADABLE", `${name} cannot be loaded: ${sanitize(fault)}`, cause);
  }
  return failure(
    "NATIVE_CODE_MISSING",
    `the package ${name} is not installed. It has the native code of @vinext/seed-native and is ` +
      "one of its optional dependencies: install them too (npm: without " +
      "--omit=optional, pnpm: without --no-optional, yarn: without --ignore-optional). If the lock " +
      "file was written on another platform, remove it and node_modules, and install again",
    cause,
  );
}

/**
 * Whether this module is not where it was published.
 * @param {any} cause
 */
function isBundled(cause) {
  // Bundlers that emit CommonJS remove the URL to require from.
  if (!import.meta.url) return true;
  return isMissing(cause) && String(cause.message).includes(`'${MANIFEST}'`);
}

/** @param {any} cause why something could not be required */
function isMissing(cause) {
  return cause?.code === "MODULE_NOT_FOUND";
}

/** As in package names; similar for platforms without a package. */
function platformOfThisProcess() {
  const { platform, arch } = process;
  if (platform === "win32") return `${platform}-${arch}-msvc`;
  if (platform === "linux") return `${platform}-${arch}-${isMusl() ? "musl" : "gnu"}`;
  return `${platform}-${arch}`;
}

/** This process's own C library counts: the machine may have tools of another. */
function isMusl() {
  const report =
    /** @type {{ excludeNetwork: boolean, getReport(): { header: { glibcVersionRuntime?: string } } }} */ (
      /** @type {unknown} */ (process.report)
    );
  // Otherwise the report has the names of all peers, which are looked up for it.
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  const { header } = report.getReport();
  // The setting is the whole process's.
  report.excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime === undefined;
}

/**
 * @param {string} code
 * @param {string} message
 * @param {unknown} [cause]
 */
function failure(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { code });
}
