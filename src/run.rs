//! Runs the engine as a promise.
//!
//! Invariants: a run does not outlive its environment, and no event follows its promise.

use std::future::Future;

use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};
use napi::{Env, Error};
use vinext_seed::CancellationToken;
use vinext_seed::background::BackgroundError;

use crate::abort::{AbortHook, Signal};
use crate::error::BindingError;
use crate::executor;
use crate::log;
use crate::progress::{Listener, ProgressCallback};

/// Starts a run that the signal cancels.
pub(crate) fn start<'env, T, J, E, F>(
    env: &'env Env,
    signal: Option<Signal>,
    listener: Option<Listener>,
    run: impl FnOnce(ProgressCallback, CancellationToken) -> F + Send + 'static,
) -> Result<PromiseRaw<'env, J>, BindingError>
where
    T: Send + 'static,
    J: From<T> + ToNapiValue + 'static,
    E: Send + 'static,
    BindingError: From<(E, Option<Error>)>,
    F: Future<Output = Result<T, E>> + Send,
{
    log::init();
    executor::start()
        .map_err(|error| BindingError::Background(BackgroundError::NoThread(error)))?;
    let cancellation = CancellationToken::new();
    let abort = AbortHook::install(env, signal, &cancellation)?;
    let progress = ProgressCallback::new(listener, cancellation.clone());
    // Terminating a worker thread ends its run.
    let on_teardown = env.add_env_cleanup_hook(cancellation.clone(), |token| token.cancel())?;

    let observer = progress.clone();
    let outcome = async move {
        let outcome = run(observer.clone(), cancellation).await;
        observer.delivered().await;
        Ok(outcome)
    };
    let promise = env.spawn_future_with_callback(outcome, move |env, outcome| {
        env.remove_env_cleanup_hook(on_teardown)?;
        let abort_reason = abort.remove(env);
        if let Some(thrown) = progress.thrown() {
            return Err(thrown);
        }
        match outcome {
            Ok(done) => Ok(J::from(done)),
            Err(error) => Err(BindingError::from((error, abort_reason)).into_js(env)?),
        }
    })?;
    Ok(promise)
}

/// The promise of a run; rejected if it could not be started.
pub(crate) fn promise<'env, J: ToNapiValue>(
    env: &'env Env,
    started: Result<PromiseRaw<'env, J>, BindingError>,
) -> napi::Result<PromiseRaw<'env, J>> {
    started.or_else(|failure| PromiseRaw::reject(env, failure.into_js(env)?))
}
