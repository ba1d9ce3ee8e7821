//! `seedCacheHandler`: the engine's run, into a cache handler of JavaScript.

use napi::bindgen_prelude::{Buffer, Promise, PromiseRaw};
use napi::threadsafe_function::ThreadsafeFunction;
use napi::{Env, Status};
use napi_derive::napi;
use vinext_seed::store::handler::{HandlerStore, NotSet, SetEntry};
use vinext_seed::{BuildOptions, seed_into};

use crate::build_options::{WithBuild, WithRun};
use crate::error::BindingError;
use crate::pages::PageFeed;
use crate::read_options::RunSettings;
use crate::result::SeedResult;
use crate::run;

/// An entry to pass to a handler.
#[napi(object, js_name = "NativeEntry", object_from_js = false)]
pub struct JsEntry {
    /// The logical key.
    /// @internal
    pub key: String,
    /// The KV adapter's JSON.
    /// @internal
    pub value: Buffer,
}

/// The outcome.
#[napi(object, js_name = "NativeSetOutcome", object_to_js = false)]
pub struct JsSetOutcome {
    /// What the handler threw, as text.
    /// @internal
    pub failure: Option<String>,
    /// The elapsed time limit in milliseconds, if it did not settle.
    /// @internal
    pub timed_out_after_ms: Option<f64>,
    /// The same, if its process does not respond at all.
    /// @internal
    pub busy_for_ms: Option<f64>,
    /// Why it cannot be called any more.
    /// @internal
    pub gone: Option<String>,
    /// Why it could not be loaded.
    /// @internal
    pub unavailable: Option<String>,
}

/// Calls `set`. `Weak`: it does not keep the process alive, the promise does.
type SetFunction = ThreadsafeFunction<JsEntry, Promise<JsSetOutcome>, JsEntry, Status, false, true>;

/// The handler.
#[napi(
    object,
    js_name = "NativeHandlerOptions extends RunOptions",
    object_to_js = false
)]
pub struct JsHandlerOptions {
    /// Passes an entry to the handler. Never rejects.
    /// @internal
    #[napi(ts_type = "(entry: NativeEntry) => Promise<NativeSetOutcome>")]
    pub set: SetFunction,
}

pub(crate) struct JsHandler(SetFunction);

impl SetEntry for JsHandler {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an internal duration, in whole milliseconds"
    )]
    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), NotSet> {
        let entry = JsEntry {
            key: key.to_owned(),
            value: value.into(),
        };
        let gone = |error: napi::Error| NotSet::Gone(error.reason.clone());
        let outcome = self.0.call_async(entry).await.map_err(gone)?;
        let outcome = outcome.await.map_err(gone)?;
        let not_set = outcome
            .unavailable
            .map(NotSet::Unavailable)
            .or_else(|| outcome.gone.map(NotSet::Gone))
            .or_else(|| outcome.busy_for_ms.map(|ms| NotSet::Busy(ms as u64)))
            .or_else(|| {
                outcome
                    .timed_out_after_ms
                    .map(|ms| NotSet::TimedOut(ms as u64))
            })
            .or_else(|| outcome.failure.map(NotSet::Failed));
        not_set.map_or(Ok(()), Err)
    }
}

/// Seeds a cache handler.
/// @internal
#[napi(ts_return_type = "Promise<SeedResult>")]
pub fn seed_handler<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "NativeHandlerOptions")] options: WithBuild<WithRun<JsHandlerOptions>>,
) -> napi::Result<PromiseRaw<'env, SeedResult>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: WithBuild<WithRun<JsHandlerOptions>>,
) -> Result<PromiseRaw<'_, SeedResult>, BindingError> {
    let WithBuild {
        build,
        own: WithRun { run, own },
    } = options;
    let mut build = BuildOptions::from(build);
    let handler = JsHandler(own.set);
    let run = RunSettings::from(run);
    let (feed, pages) = PageFeed::open(run.pages);
    build.pages = pages;
    run::start(
        env,
        run.signal,
        run.on_progress,
        move |observer, cancellation| async move {
            let open = move || Ok((HandlerStore::new(handler), Vec::new()));
            let (limits, retry, writes) = (run.limits, run.retry, run.writes);
            let seeding = seed_into(open, build, limits, retry, writes, &observer, &cancellation);
            feed.during(seeding).await
        },
    )
}
