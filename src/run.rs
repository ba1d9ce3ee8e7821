//! A run of the engine as a promise, for functions that report no progress.
//!
//! In: what is to run, and the caller's signal. Out: a promise.
//! Never: a run that outlives the environment it was started in.

use std::future::Future;

use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};
use vinext_seed::{CancellationToken, SeedError};

use crate::abort::{AbortHook, Signal};
use crate::failure::Failure;

/// Starts a run that the signal cancels.
pub(crate) fn start<'env, T, J, F>(
    env: &'env Env,
    signal: Option<Signal>,
    run: impl FnOnce(CancellationToken) -> F + Send + 'static,
) -> Result<PromiseRaw<'env, J>, Failure>
where
    T: Send + 'static,
    J: From<T> + ToNapiValue + 'static,
    F: Future<Output = Result<T, SeedError>> + Send,
{
    let cancellation = CancellationToken::new();
    let abort = AbortHook::install(env, signal, &cancellation)?;
    // A worker thread that is terminated takes its run along.
    let on_teardown = env.add_env_cleanup_hook(cancellation.clone(), |token| token.cancel())?;
    let outcome = async move { Ok(run(cancellation).await) };
    let promise = env.spawn_future_with_callback(outcome, move |env, outcome| {
        env.remove_env_cleanup_hook(on_teardown)?;
        let reason = abort.remove(env);
        match outcome {
            Ok(done) => Ok(J::from(done)),
            Err(error) => Err(Failure::Engine(Box::new(error), reason).into_js(env)?),
        }
    })?;
    Ok(promise)
}
