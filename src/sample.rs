//! `sampleKvEntries`: entries of a build, to compare with what is stored.
//!
//! Internal: the JavaScript of this package compares them with what it reads back.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use vinext_seed::{BuildOptions, DEFAULT_SAMPLE_ROUTES, Sample, SampledEntry};

use crate::abort::Signal;
use crate::build_options::WithBuild;
use crate::count::count;
use crate::error::BindingError;
use crate::findings::WithFindings;
use crate::run;
use crate::store::JsStore;

/// Options of a sample.
/// @internal
#[napi(object, js_name = "SampleOptions", object_to_js = false)]
pub struct JsSampleOptions {
    /// How many routes' entries.
    pub sample: Option<i64>,
    /// The store that they are for, if it is not Workers KV.
    #[napi(ts_type = "NativeStore")]
    pub store: Option<JsStore>,
    /// Cancels it.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// A sample of entries.
/// @internal
#[napi(object, js_name = "Sample", object_from_js = false)]
pub struct JsSample {
    /// The entries.
    #[napi(ts_type = "Array<SampledEntry>")]
    pub entries: Vec<JsSampledEntry>,
    /// Total number of entries.
    pub kv_pairs: f64,
}

/// An entry as it would be stored.
/// @internal
#[napi(object, js_name = "SampledEntry", object_from_js = false)]
pub struct JsSampledEntry {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Samples a build's entries.
#[napi(skip_typescript)]
pub fn sample_kv_entries<'env>(
    env: &'env Env,
    options: WithBuild<JsSampleOptions>,
) -> napi::Result<PromiseRaw<'env, WithFindings<JsSample>>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: WithBuild<JsSampleOptions>,
) -> Result<PromiseRaw<'_, WithFindings<JsSample>>, BindingError> {
    let WithBuild { build, own } = options;
    let build = BuildOptions::from(build);
    let routes = own.sample.map_or(DEFAULT_SAMPLE_ROUTES, count);
    let store = own.store.map(JsStore::read).transpose()?;
    run::start(env, own.signal, None, move |_, cancellation| async move {
        match store {
            None => vinext_seed::sample(build, routes, &cancellation).await,
            Some(store) => store.sample(build, routes, &cancellation).await,
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
impl From<Sample> for WithFindings<JsSample> {
    fn from(sample: Sample) -> Self {
        Self {
            own: JsSample {
                entries: sample.entries.into_iter().map(Into::into).collect(),
                kv_pairs: sample.total as f64,
            },
            findings: sample.report.into(),
        }
    }
}

impl From<SampledEntry> for JsSampledEntry {
    fn from(entry: SampledEntry) -> Self {
        let SampledEntry { key, value } = entry;
        Self { key, value }
    }
}
