// The contenders, and the command that runs each in its own process.

import path from "node:path";
import { fileURLToPath } from "node:url";
import { findCommand } from "../lib/installed-package.js";
import { RIG } from "./rig.js";

const DIRECTORY = fileURLToPath(new URL("contenders", import.meta.url));

/** How many pairs vinext's own deploy command gives to each wrangler process. */
export const OFFICIAL_PAIRS = 25;

/**
 * @typedef {{
 *   root: string, apiBase: string, contentBytes: number, pairsFile: string, sampleFile: string,
 * }} Job
 * @typedef {{
 *   title: string,
 *   command: (job: Job) => string[],
 *   encodes?: boolean,
 *   sampled?: boolean,
 *   environment?: (job: Job) => NodeJS.ProcessEnv,
 *   needs?: "pairsFile" | "sampleFile",
 * }} Contender
 */

/** @param {string} name */
const script =
  (name) =>
  (/** @type {Job} */ { root, apiBase }) => [
    process.execPath,
    path.join(DIRECTORY, `${name}.js`),
    root,
    apiBase,
  ];

/** @param {Job} job */
const wranglerEnvironment = ({ apiBase }) => ({
  CLOUDFLARE_API_BASE_URL: apiBase,
  CLOUDFLARE_API_TOKEN: "benchmark",
  CLOUDFLARE_ACCOUNT_ID: "benchmark",
  WRANGLER_SEND_METRICS: "false",
  CI: "1",
  NO_COLOR: "1",
});

const WRANGLER = (await findCommand(DIRECTORY, "wrangler")) ?? "wrangler";

/** @param {string} file */
const wrangler = (file) => [
  process.execPath,
  WRANGLER,
  ...["kv", "bulk", "put", file, "--namespace-id", "benchmark", "--remote"],
];

/** All contenders, in the order in which they run. */
export const CONTENDERS = /** @type {const} @satisfies {Record<string, Contender>} */ ({
  ours: { title: "@vinext/seed-native", command: script("ours"), encodes: true },
  floor: {
    title: "floor: read and send, no encoding",
    command: ({ root, apiBase, contentBytes }) => [
      ...[RIG, "floor", root, "--url", `${apiBase}/bulk`, "--bytes", String(contentBytes)],
    ],
  },
  streaming: { title: "streaming JavaScript", command: script("streaming"), encodes: true },
  sequential: { title: "sequential TypeScript", command: script("sequential"), encodes: true },
  wrangler: {
    title: "one `wrangler kv bulk put`",
    command: ({ pairsFile }) => wrangler(pairsFile),
    environment: wranglerEnvironment,
    needs: "pairsFile",
  },
  official: {
    title: `wrangler per ${OFFICIAL_PAIRS} pairs, extrapolated`,
    command: ({ sampleFile }) => wrangler(sampleFile),
    environment: wranglerEnvironment,
    needs: "sampleFile",
    sampled: true,
  },
});

/** @typedef {keyof typeof CONTENDERS} ContenderName */

/** Node that does nothing. */
export const IDLE = [process.execPath, path.join(DIRECTORY, "idle.js")];
