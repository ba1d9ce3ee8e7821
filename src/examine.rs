//! `examineBuild`: whether a build can be seeded at all.
//!
//! Internal: for results of runs that this package's JavaScript has a reason to skip.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use vinext_seed::{BuildOptions, SeedError};

use crate::abort::Signal;
use crate::build_options::WithBuild;
use crate::findings::JsFindings;
use crate::run;

/// Options of an examination.
/// @internal
#[napi(object, js_name = "ExamineOptions", object_to_js = false)]
pub struct JsExamineOptions {
    /// Cancels it.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// Examines a build. Resolves with its runtime, or with why seeding it would be skipped.
#[napi(skip_typescript)]
pub fn examine_build<'env>(
    env: &'env Env,
    options: WithBuild<JsExamineOptions>,
) -> napi::Result<PromiseRaw<'env, JsFindings>> {
    let WithBuild { build, own } = options;
    let build = BuildOptions::from(build);
    let examined = run::start(env, own.signal, None, move |_, cancellation| async move {
        let examined = cancellation
            .run_until_cancelled(vinext_seed::examine(build))
            .await;
        examined.unwrap_or_else(|| {
            Err(SeedError::Aborted {
                report: Box::default(),
            })
        })
    });
    run::promise(env, examined)
}
