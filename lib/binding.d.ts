// The native code's functions have the types that `npm run build` writes to index.d.ts.
import type { BuildFindings, BuildOptions, PlanOptions, PruneResult } from "../index.js";

export { explainRoute, exportKvSeed, planKvSeed, seedHandler, seedKvCache, seedStore } from "../index.js";

/** Why a URL is not a valid API base, as the rest of a sentence; `null` if it is. */
export function checkApiBaseUrl(url: string): string | null;

/** Why a text is not a valid API token, as the rest of a sentence; `null` if it is. */
export function checkApiToken(token: string): string | null;

/** Why a text is not a valid site URL, as the rest of a sentence; `null` if it is. */
export function checkSiteUrl(url: string): string | null;

/**
 * Asks Cloudflare's API, with the same proxies, certificates and retries (5 attempts within 90 s) as an
 * upload.
 *
 * Resolves with Cloudflare's answer, of any status, if another attempt would not change it.
 * Rejects with a `code` if there is no such answer: `NETWORK_ERROR`, `TLS_UNTRUSTED`,
 * `TLS_SETUP_FAILED`, `PROXY_REFUSED`, `API_TIMEOUT`, `API_THROTTLED`, `API_HTTP_ERROR`,
 * `API_BAD_REPLY`, `API_REPLY_TOO_LARGE`, `INVALID_OPTION`, `ABORT_ERR`. The error has the last reply's
 * `status` and `cloudflareCodes`, if there was one.
 */
export function apiRequest(request: ApiRequest): Promise<ApiAnswer>;

export interface ApiRequest {
  /** Where the API is. */
  apiBaseUrl: string;
  /** The path below that, from its slash on, percent-encoded, without a query. */
  path: string;
  query?: Record<string, string>;
  /** Sent to the API's origin only. */
  apiToken: string;
  signal?: AbortSignal;
  /**
   * The largest reply to accept, in bytes.
   * @default 1_048_576
   */
  maxReplyBytes?: number;
  /** Whether a success is text, not JSON; then `result` is the text. */
  expectsText?: boolean;
}

export interface ApiAnswer {
  /** The HTTP status. */
  status: number;
  success: boolean;
  /** Foreign: of any shape. */
  result: unknown;
  /** Where the next page of a list is. Foreign: of any shape. */
  resultInfo: unknown;
  /** Cloudflare's errors, without secrets, each on one line. */
  errors: { code: number; message: string }[];
  /** The ray id, which Cloudflare's support asks for. */
  requestId: string | null;
  /** What in the environment (proxies, certificates) could not be used and was ignored. */
  warnings: string[];
}

/**
 * Asks a site once, as a visitor would, with the same proxies and certificates as an upload. No token is
 * sent, and redirects are not followed. Resolves with any answer; rejects if there is none.
 */
export function siteRequest(request: SiteRequest): Promise<SiteResponse>;

export interface SiteRequest {
  url: string;
  headers?: [name: string, value: string][];
  signal?: AbortSignal;
}

export interface SiteResponse {
  /** The HTTP status. */
  status: number;
  /** In order; names in lower case. Foreign. */
  headers: [name: string, value: string][];
  /** At most 25 MiB. */
  body: Buffer;
  /** Whether there is more of the body. */
  isTruncated: boolean;
  /** What in the environment (proxies, certificates) could not be used and was ignored. */
  warnings: string[];
}

/** Whether a build can be seeded at all, as far as its manifest and its runtime show. */
export function examineBuild(options: ExamineOptions): Promise<BuildFindings>;

export interface ExamineOptions extends BuildOptions {
  signal?: AbortSignal;
}

/** Takes the entries of some routes of a build, evenly spread, at most 64 MiB. */
export function sampleKvEntries(options: SampleOptions): Promise<Sample>;

export interface SampleOptions extends Omit<PlanOptions, "store"> {
  /** @default 100 */
  sample?: number;
  /** The store that would have them, if it is not Workers KV. */
  store?: NativeStore;
}

export interface Sample extends BuildFindings {
  entries: { key: string; value: string }[];
  /** Entries of the whole build. */
  kvPairs: number;
}

/** Reads the values of keys, in order; `null` if there is none. */
export function readStore(options: ReadStoreOptions): Promise<(string | null)[]>;

export interface ReadStoreOptions {
  store: NativeStore;
  keys: string[];
  signal?: AbortSignal;
}

/** Deletes the entries of old builds from a namespace or another store. */
export function pruneKvEntries(options: PruneKvOptions): Promise<PruneKvResult>;

export interface PruneKvOptions extends Omit<PlanOptions, "store"> {
  /** Needed, with namespace and token, without `store`. */
  accountId?: string;
  namespaceId?: string;
  apiToken?: string;
  apiBaseUrl?: string;
  store?: NativeStore;
  keep?: number;
  olderThanSeconds?: number;
  dryRun?: boolean;
  maxDeletes?: number;
  /** The deployed Worker's code, which contains the id of the live build. */
  workerCode?: string;
  /** What the live site answered: headers and bodies. */
  siteAnswers?: string[];
}

export type PruneKvResult = Omit<PruneResult, "target">;

/** The files of the installed packages that distinguish formats, by their path within the package. */
export function probeFiles(): { vinext: string[]; cloudflare: string[] };

/** What the Worker that a build left shows of its caches. What it does not show is missing. */
export interface WorkerFacts {
  /**
   * Where its data cache is: in the memory of each isolate (no adapter is configured), in Workers KV,
   * in something else; `unknown` if there is no Worker, or none that looks like vinext's.
   */
  dataCache: "unknown" | "memory" | "kv" | "other";
  /** Whether `cache.cdn` is configured, so that it does not look for pages in its data cache. */
  hasCdnCache: boolean;
  /** The binding of the KV namespace. */
  binding?: string;
  /** The KV adapter's `appPrefix`; empty for none. */
  appPrefix?: string;
  /** The KV adapter's `ttlSeconds`; `null` for none. */
  ttlSeconds?: number | null;
  /** Whether its entry module hands its bindings on to vinext. */
  passesEnv?: boolean;
}

/** Looks at the Worker in a project's directory. */
export function inspectWorker(root: string): Promise<WorkerFacts>;

/** Untrusted text, sanitized for display, as `sanitize` of `sanitized-text.js` does it. */
export function sanitizeText(text: string): string;
