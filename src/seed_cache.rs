//! `seedCache`: the engine's run, into any store.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use vinext_seed::BuildOptions;

use crate::build_options::{WithBuild, WithRun};
use crate::error::BindingError;
use crate::pages::PageFeed;
use crate::read_options::RunSettings;
use crate::result::SeedResult;
use crate::run;
use crate::store::JsStore;

/// Where the entries go.
#[napi(
    object,
    js_name = "NativeCacheOptions extends RunOptions",
    object_to_js = false
)]
pub struct JsCacheOptions {
    /// The store.
    /// @internal
    #[napi(ts_type = "NativeStore")]
    pub store: JsStore,
}

/// Seeds a store other than Workers KV.
/// @internal
#[napi(ts_return_type = "Promise<SeedResult>")]
pub fn seed_store<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "NativeCacheOptions")] options: WithBuild<WithRun<JsCacheOptions>>,
) -> napi::Result<PromiseRaw<'env, SeedResult>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: WithBuild<WithRun<JsCacheOptions>>,
) -> Result<PromiseRaw<'_, SeedResult>, BindingError> {
    let WithBuild {
        build,
        own: WithRun { run, own },
    } = options;
    let mut build = BuildOptions::from(build);
    let store = own.store.read()?;
    let mut run = RunSettings::from(run);
    let (feed, pages) = PageFeed::open(run.pages.take());
    build.pages = pages;
    let (signal, on_progress) = (run.signal.take(), run.on_progress.take());
    run::start(
        env,
        signal,
        on_progress,
        move |observer, cancellation| async move {
            feed.during(store.seed(build, run, &observer, &cancellation))
                .await
        },
    )
}
