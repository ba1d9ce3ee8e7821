import type { ProjectSeedOptions } from "../../index.js";

/**
 * Options of `withSeed`: those of `seedFromProject` that a Vite configuration can decide. All of
 * them are found out where they are missing, as by `seedFromProject`.
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
   * Fail the build where the seeding is due and fails or is skipped. Otherwise a warning says why,
   * and the build and the deploy go on. A build that only prints the plan never fails.
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
 * | `VINEXT_SEED=1` (or `true`) | seeds: for other pipelines that build first and deploy then |
 * | `VINEXT_SEED=0` (or `false`) | does nothing and prints nothing, also in the cases above |
 * | any other build | prints the plan; sends nothing |
 *
 * `vite dev` and `vite preview` never seed. The native code is loaded when pre-rendering is done; where
 * there is none for the platform, a warning says so and the build continues.
 *
 * vinext has called this hook since 1.4.0. A build that is to seed and in which vinext does not call it, for
 * want of `prerender` or because it is older, ends with a warning.
 *
 * Where the seeding cannot come before the upload, it comes at the end of `vinext-cloudflare deploy`: in a
 * first deploy, which makes the KV namespace of a binding without an id, and with `@vinext/cloudflare` up to
 * 1.0.0-beta.7, whose deploy command does not call hooks. `strict` then sets the exit code to 1.
 *
 * All other members of the descriptor stay as they are. A hook that it already has runs first. Wrapping a
 * descriptor again adds options, and seeds once.
 *
 * @param descriptor what `kvDataAdapter()` returns
 * @returns a copy with the hook
 * @throws TypeError if `descriptor` is no cache adapter's descriptor, or `options` is no object. A
 *   descriptor of another adapter is accepted; the build then warns `data-adapter-is-not-kv`.
 */
export declare function withSeed<const Descriptor extends { adapter: string }>(
  descriptor: Descriptor,
  options?: WithSeedOptions,
): Descriptor & SeedingOutput;
