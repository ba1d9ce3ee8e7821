// The native code's functions have the types that `npm run build` writes to index.d.ts.
export { explainRoute, exportKvSeed, planKvSeed, seedKvCache } from "../index.js";

/** The files of the installed packages that tell formats apart, by their path within the package. */
export function probeFiles(): { vinext: string[]; cloudflare: string[] };

/** What the Worker that a build left shows of its caches. What it does not show is missing. */
export interface WorkerFacts {
  /**
   * Where its data cache is: in the memory of each isolate (no adapter is configured), in Workers KV,
   * in something else; `unknown` where there is no Worker, or none that looks like vinext's.
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
