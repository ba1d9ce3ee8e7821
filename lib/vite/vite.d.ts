import type { ProjectSeedOptions } from "../../index.js";

/**
 * Options of `withSeed`: those of `seedFromProject` that a Vite configuration can decide. Missing
 * ones are detected as by `seedFromProject`.
 */
export interface WithSeedOptions extends Omit<
  ProjectSeedOptions,
  | "root"
  | "local"
  | "persistTo"
  | "noSeedCache"
  | "afterDeploy"
  | "runtime"
  | "onProgress"
  | "signal"
> {
  /**
   * Fail the build if seeding fails or is skipped in a deploy. Otherwise a warning says why, and
   * the build and the deploy continue. A build that only prints the plan never fails.
   * @default false
   */
  strict?: boolean;
}

/** What `withSeed` adds to a descriptor: the function that vinext calls after pre-rendering. */
export interface SeedingOutput {
  output: {
    /** Called by vinext 1.4.0 and later, with absolute paths. */
    finalizePrerenderOutput(prerendered: { root: string; clientOutDir: string }): Promise<void>;
  };
}

/**
 * Wraps the descriptor of vinext's KV adapter, so that the build itself seeds Workers KV:
 *
 *     vinext({ cache: { data: withSeed(kvDataAdapter()) }, prerender: { routes: "*" } })
 *
 * After pre-rendering, `vite build` prints what would be written. If a deploy is under way, it
 * writes it, before the Worker is uploaded:
 *
 * | | |
 * |---|---|
 * | `vinext-cloudflare deploy` | seeds; `--env`, `--preview`, `--name` and `--config` are taken from its arguments |
 * | `WORKERS_CI=1`, which Workers Builds sets | seeds |
 * | `VINEXT_SEED=1` (or `true`) | seeds: for other pipelines that build and then deploy |
 * | `VINEXT_SEED=0` (or `false`) | does nothing and prints nothing, even in the cases above |
 * | any other build | prints the plan; sends nothing |
 *
 * `vite dev` and `vite preview` never seed. The native code is loaded after pre-rendering; if there
 * is none for the platform, a warning says so and the build continues.
 *
 * vinext has called this hook since 1.4.0. A build that should seed but in which vinext does not
 * call it, because `prerender` is missing or vinext is older, ends with a warning.
 *
 * If seeding is not possible before the upload, it runs at the end of `vinext-cloudflare deploy`:
 * in a first deploy, which creates the KV namespace of a binding without an id, and with
 * `@vinext/cloudflare` up to 1.0.0-beta.7, whose deploy command does not call hooks. `strict` then
 * sets the exit code to 1.
 *
 * All other members of the descriptor are kept. An existing hook runs first. Wrapping a descriptor
 * again adds options, and seeds once.
 *
 * @param descriptor what `kvDataAdapter()` returns
 * @returns a copy with the hook
 * @throws TypeError if `descriptor` is not a cache adapter's descriptor, or `options` is not an object. A
 *   descriptor of another adapter is accepted; the build then warns `data-adapter-is-not-kv`.
 */
export declare function withSeed<const Descriptor extends { adapter: string }>(
  descriptor: Descriptor,
  options?: WithSeedOptions,
): Descriptor & SeedingOutput;
