//! `readStore`: reads entries back from a store other than Workers KV.
//!
//! Internal: the JavaScript of this package compares them with those of the build.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use crate::abort::Signal;
use crate::api_request::QuestionError;
use crate::error::BindingError;
use crate::run;
use crate::store::JsStore;

/// What to read.
/// @internal
#[napi(object, js_name = "ReadStoreOptions", object_to_js = false)]
pub struct JsReadOptions {
    /// The store.
    #[napi(ts_type = "NativeStore")]
    pub store: JsStore,
    /// The keys.
    pub keys: Vec<String>,
    /// Cancels it.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// Reads values. Resolves with one for each key, in order; `null` for keys that have none.
#[napi(skip_typescript)]
pub fn read_store<'env>(
    env: &'env Env,
    options: JsReadOptions,
) -> napi::Result<PromiseRaw<'env, Vec<Option<String>>>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: JsReadOptions,
) -> Result<PromiseRaw<'_, Vec<Option<String>>>, BindingError> {
    let store = options.store.read()?;
    let keys = options.keys;
    run::start(
        env,
        options.signal,
        None,
        move |_, cancellation| async move {
            let read = cancellation
                .run_until_cancelled(store.read_back(&keys))
                .await;
            let values = read.unwrap_or(Err(QuestionError::Aborted))?.into_iter();
            // A value that is not text differs from every entry of a build.
            let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
            let values: Vec<_> = values.map(|value| value.map(text)).collect();
            Ok::<_, QuestionError>(values)
        },
    )
}
