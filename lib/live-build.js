// Finds evidence of the live build: the deployed Worker's code, or responses of the site.
//
// Every version of vinext has the build id in the Worker's code. Answers have it in the HTML or the payload
// where `deploymentId` is set, and since 1.4.0 payloads name the build in `X-Vinext-RSC-Build-Id`.

import { siteRequest } from "./binding.js";
import { ApiError, deployedCode } from "./wrangler/cloudflare-api.js";

/** Bypasses caches, which may hold responses of an older build. */
const UNCACHED = [/** @type {[string, string]} */ (["cache-control", "no-cache"])];

/**
 * @typedef {object} Evidence
 * @property {string} [workerCode]
 * @property {string[]} [siteAnswers]
 * @property {string} [problem] why there is none
 */

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Evidence>}
 */
export async function askSite(url, signal) {
  const page = new URL(url);
  const payload = new URL(page);
  payload.pathname = `${page.pathname.replace(/\/$/u, "")}${page.pathname.endsWith("/") ? "/" : ""}.rsc`;
  try {
    const siteAnswers = [];
    for (const { href } of [page, payload]) {
      const { headers, body } = await siteRequest({ url: href, headers: UNCACHED, signal });
      siteAnswers.push([...headers.map(([, value]) => value), body.toString()].join("\n"));
    }
    return { siteAnswers };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { problem: /** @type {Error} */ (error).message };
  }
}

/**
 * @param {Pick<import("./wrangler/resolve.js").RemoteTarget, "workerName" | "accountId" | "apiToken" | "apiBaseUrl" | "tokenSource">} target
 * @param {string | undefined} dispatchNamespace
 * @param {AbortSignal} [signal]
 * @returns {Promise<Evidence>}
 */
export async function readDeployedWorker(target, dispatchNamespace, signal) {
  const { workerName: name, accountId, apiBaseUrl: baseUrl, apiToken: token, tokenSource } = target;
  if (name === undefined) {
    return {
      problem: "no configuration names the Worker; pass it with --name, or the site with --url",
    };
  }
  try {
    const api = { baseUrl, token, tokenSource, signal };
    return { workerCode: await deployedCode(api, accountId, { name, dispatchNamespace }) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { problem: error.message };
  }
}
