// The account that wrangler remembers for a project since its user chose one.
//
// Wrangler has no command that prints it, and stores it in a place that depends on its version,
// profile and variables. But it sends requests for that account, which a local server answers here.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import os from "node:os";
import { runScript } from "../script.js";
import { findWrangler } from "./installed-wrangler.js";

/** How long wrangler may take to send a request. */
const TIMEOUT_MS = 30_000;

/** wrangler's first request if it knows the account; else it lists accounts. */
const QUESTION = /\/accounts\/([^/]+)\/storage\/kv\/namespaces/u;

/** Variables that would send wrangler's requests elsewhere, or select another account. */
const LEFT_OUT =
  /^(?:(?:https?|all)_proxy|CLOUDFLARE_(?:ACCOUNT_ID|API_KEY|EMAIL)|CF_ACCOUNT_ID)$/iu;

/**
 * @param {object} question
 * @param {string} question.root
 * @param {string} [question.profile] wrangler's auth profile
 * @param {import("./environment.js").Environment} question.environment
 * @param {AbortSignal} [question.signal]
 * @returns {Promise<string | undefined>} its id
 */
export async function rememberedAccount({ root, profile, environment, signal }) {
  const wrangler = await findWrangler(root, signal);
  if (wrangler === undefined) return undefined;
  const asked = new AbortController();
  /** @type {string | undefined} */
  let account;
  const server = createServer(({ url = "" }) => {
    account ??= QUESTION.exec(url)?.[1];
    // Later requests do not add anything.
    asked.abort();
  });
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const args = ["kv", "namespace", "list", "--env-file", os.devNull];
  if (profile !== undefined) args.push("--profile", profile);
  const kept = Object.entries(environment).filter(([name]) => !LEFT_OUT.test(name));
  const env = {
    ...Object.fromEntries(kept),
    CI: "1",
    // A dummy token: the real one is not needed here.
    CLOUDFLARE_API_TOKEN: randomUUID(),
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
    WRANGLER_SEND_METRICS: "false",
  };
  const ended = signal === undefined ? asked.signal : AbortSignal.any([signal, asked.signal]);
  try {
    await runScript(wrangler.script, args, {
      cwd: root,
      env,
      timeoutMs: TIMEOUT_MS,
      signal: ended,
    });
  } catch (error) {
    if (!asked.signal.aborted) throw error;
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return account;
}
