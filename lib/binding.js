// The native code, or an error that says why there is none.
//
// In: nothing. Out: what `src/` exports, from the package for this platform.
// Never: a download, and no guess. `native.cjs`, which is generated, looks for the code; this
// module says in words what it means if there is none.

import { createRequire } from "node:module";

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

/** So much of a message that is not ours. */
const MAX_FOREIGN_TEXT = 500;

const native = load();

export const {
  checkApiBaseUrl,
  explainRoute,
  exportKvSeed,
  inspectWorker,
  planKvSeed,
  probeFiles,
  sanitizeText,
  seedKvCache,
} = native;

/** @type {typeof import("./binding.js").apiRequest} */
export async function apiRequest(request) {
  return JSON.parse(await native.apiRequest(request));
}

function load() {
  try {
    // Required, not imported: only so can the failure be caught without a top-level `await`,
    // which would keep CommonJS from requiring this package.
    return createRequire(import.meta.url)("../native.cjs");
  } catch (cause) {
    throw explain(cause);
  }
}

/** @param {unknown} cause what `native.cjs` threw */
function explain(cause) {
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
  const fault = causes(cause).find((error) => error.code === "ERR_DLOPEN_FAILED");
  if (fault !== undefined) {
    const reason = String(fault.message).slice(0, MAX_FOREIGN_TEXT);
    return failure("NATIVE_CODE_UNLOADABLE", `${name} cannot be loaded: ${reason}`, cause);
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
 * @param {unknown} cause
 */
function failure(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { code });
}
