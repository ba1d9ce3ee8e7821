// Reads the target of a build in the Build Output layout: `.cloudflare/output/v0/`, which
// @cloudflare/vite-plugin writes with `newConfig: { cfBuildOutput: true }` and `cf deploy --prebuilt`
// deploys.

import { statSync } from "node:fs";
import path from "node:path";
import { readRegularFile } from "../regular-file.js";
import { TYPED_CONFIG } from "./built-environment.js";

/** Below a project's directory. */
const OUTPUT = path.join(".cloudflare", "output", "v0");

/** The largest file that is read. The Worker's lists all of its modules. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The specification's name for wrangler's `fedramp_high`. */
const REGIONS = { "fedramp-high": "fedramp_high" };

/**
 * Whether the last build left a Build Output, and not a configuration for wrangler.
 * @param {string} root
 */
export function hasBuildOutput(root) {
  const output = modified(path.join(root, OUTPUT, "config.json"));
  const wrangler = modified(path.join(root, "dist", "server", "wrangler.json"));
  return output !== undefined && (wrangler === undefined || wrangler < output);
}

/**
 * @param {string} root
 * @returns {import("./config.js").WorkerConfig}
 * @throws if a file is missing, or not what the layout says
 */
export function readBuildOutput(root) {
  const settings = readJson(path.join(root, OUTPUT, "config.json"));
  const configPath = path.join(root, OUTPUT, "workers", "default", "worker.config.json");
  const worker = readJson(configPath);
  const bindings = Object.entries(worker.env ?? {});
  /** @type {string | undefined} */
  const region = settings.complianceRegion;
  return {
    configPath,
    userConfigPath: path.join(root, TYPED_CONFIG),
    name: worker.name,
    accountId: settings.accountId,
    complianceRegion: REGIONS[/** @type {keyof typeof REGIONS} */ (region)] ?? region,
    kvNamespaces: bindings
      .filter(([, value]) => value?.type === "kv")
      .map(([binding, { id, dev }]) => ({ binding, id, remote: dev?.remote === true })),
    isTyped: true,
    mode: settings.buildContext?.mode,
    isPreview: settings.buildContext?.isPreview === true,
  };
}

/**
 * @param {string} file
 * @returns {any}
 */
function readJson(file) {
  const text = readRegularFile(file, MAX_BYTES);
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new Error(`${file} is not a JSON object`);
}

/** @param {string} file */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
