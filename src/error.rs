//! Errors as JavaScript sees them: an `Error` with a stable `code` and its details.
//!
//! Invariants: errors are created on the main thread only, because Node-API has no values elsewhere.

use std::fmt::Display;

use napi::bindgen_prelude::{Object, ToNapiValue};
use napi::{Env, Error, JsError, JsValue};
use vinext_seed::SeedError;
use vinext_seed::background::BackgroundError;
use vinext_seed::prune::PruneError;
use vinext_seed::runtime::RuntimeError;
use vinext_seed::store::{ConfigError, StoreError};

use crate::api_request::QuestionError;
use crate::prune::PruneRunError;
use crate::result::SeedResult;

/// Why a promise rejects, or a function throws.
#[derive(Debug)]
pub(crate) enum BindingError {
    /// An argument is wrong.
    InvalidArgument(String),
    /// The format of the requested version is unknown, or is never seeded.
    FormatUnknown(RuntimeError),
    /// The engine failed, or was cancelled with the signal's reason.
    Engine(Box<SeedError>, Option<Error>),
    /// A request was not answered, or was cancelled with the signal's reason.
    Question(Box<QuestionError>, Option<Error>),
    /// Pruning failed, or was cancelled for the signal's reason.
    Prune(Box<PruneError>, Option<Error>),
    /// Work could not be done off the main thread.
    Background(BackgroundError),
    /// Node-API failed, which it does when the environment is being torn down.
    Node(Error),
}

impl From<Error> for BindingError {
    fn from(error: Error) -> Self {
        Self::Node(error)
    }
}

impl From<ConfigError> for BindingError {
    fn from(error: ConfigError) -> Self {
        Self::option(option_name(error.field), error.problem)
    }
}

impl From<(BackgroundError, Option<Error>)> for BindingError {
    fn from((error, _): (BackgroundError, Option<Error>)) -> Self {
        Self::Background(error)
    }
}

/// What ended a run, with the signal's reason if it is aborted.
impl From<(SeedError, Option<Error>)> for BindingError {
    fn from((error, abort_reason): (SeedError, Option<Error>)) -> Self {
        Self::Engine(Box::new(error), abort_reason)
    }
}

/// What ended a request, with the signal's reason if it was aborted.
impl From<(QuestionError, Option<Error>)> for BindingError {
    fn from((error, abort_reason): (QuestionError, Option<Error>)) -> Self {
        Self::Question(Box::new(error), abort_reason)
    }
}

/// What ended pruning, with the signal's reason if it is aborted.
impl From<(PruneRunError, Option<Error>)> for BindingError {
    fn from((failure, abort_reason): (PruneRunError, Option<Error>)) -> Self {
        match failure {
            PruneRunError::Build(error) => (error, abort_reason).into(),
            PruneRunError::Prune(PruneError::Config(error)) => error.into(),
            PruneRunError::Prune(error) => Self::Prune(Box::new(error), abort_reason),
        }
    }
}

/// The option that sets a field of the engine's configuration.
fn option_name(field: &'static str) -> &'static str {
    match field {
        "api_base" => "apiBaseUrl",
        "account_id" => "accountId",
        "namespace_id" => "namespaceId",
        "url" => "store.url",
        "root" => "store.path",
        "bucket" => "store.bucket",
        "prefix" => "store.prefix",
        "endpoint" => "store.endpoint",
        "max_memory_bytes" => "maxMemoryBytes",
        "max_batch_pairs" => "maxBatchPairs",
        "max_batch_bytes" => "maxBatchBytes",
        "max_writes" => "maxWrites",
        // The same word in both languages, such as `concurrency`.
        other => other,
    }
}

impl BindingError {
    /// An option is wrong; `problem` ends the sentence.
    pub(crate) fn option(option: &'static str, problem: impl Display) -> Self {
        Self::InvalidArgument(format!("option `{option}` {problem}"))
    }

    /// The error to reject with.
    pub(crate) fn into_js(self, env: &Env) -> napi::Result<Error> {
        match self {
            Self::Node(error) => Ok(error),
            Self::InvalidArgument(message) => with_code(env, "INVALID_OPTION", &message),
            Self::Background(error) => with_code(env, error.code(), &error.to_string()),
            Self::FormatUnknown(problem @ RuntimeError::NotAVersion { .. }) => {
                with_code(env, "INVALID_OPTION", &problem.to_string())
            }
            Self::FormatUnknown(problem) => with_code(env, "FORMAT_UNKNOWN", &problem.to_string()),
            Self::Engine(failed, abort_reason) => {
                if let SeedError::Config(error) = &*failed {
                    return Self::from(error.clone()).into_js(env);
                }
                let mut error = error_object(env, failed.code(), &failed.to_string())?;
                if let SeedError::Aborted { .. } = &*failed {
                    set_aborted(&mut error, env, abort_reason)?;
                }
                if let SeedError::Upload { failure, .. } = &*failed {
                    set_reply(&mut error, failure)?;
                }
                if let Some(report) = failed.report() {
                    error.set("retries", report.retries as f64)?;
                    error.set("report", SeedResult::from(report.clone()))?;
                }
                Ok(Error::from(error.to_unknown()))
            }
            Self::Prune(failed, abort_reason) => {
                let mut error = error_object(env, failed.code(), &failed.to_string())?;
                match &*failed {
                    PruneError::Aborted { .. } => set_aborted(&mut error, env, abort_reason)?,
                    PruneError::Store(failure) => set_reply(&mut error, failure)?,
                    _ => {}
                }
                Ok(Error::from(error.to_unknown()))
            }
            Self::Question(failed, abort_reason) => {
                let mut error = error_object(env, failed.code(), &failed.to_string())?;
                match &*failed {
                    QuestionError::Aborted => set_aborted(&mut error, env, abort_reason)?,
                    QuestionError::Store(failure) => set_reply(&mut error, failure)?,
                    QuestionError::Background(_) | QuestionError::Client(_) => {}
                }
                Ok(Error::from(error.to_unknown()))
            }
        }
    }
}

fn set_aborted(error: &mut Object<'_>, env: &Env, reason: Option<Error>) -> napi::Result<()> {
    error.set("name", "AbortError")?;
    if let Some(reason) = reason {
        error.set("cause", JsError::from(reason).into_unknown(*env))?;
    }
    Ok(())
}

/// Sets the members that describe a reply, if there was one.
fn set_reply(error: &mut Object<'_>, failure: &StoreError) -> napi::Result<()> {
    set_some(error, "status", failure.status)?;
    set_some(error, "cfRay", failure.request_id.clone())?;
    error.set("cloudflareCodes", failure.api_codes.clone())?;
    Ok(())
}

fn with_code(env: &Env, code: &str, message: &str) -> napi::Result<Error> {
    Ok(Error::from(error_object(env, code, message)?.to_unknown()))
}

fn error_object<'env>(env: &'env Env, code: &str, message: &str) -> napi::Result<Object<'env>> {
    let error = JsError::from(Error::new(code, message));
    error.into_unknown(*env).coerce_to_object()
}

fn set_some<T: ToNapiValue>(
    error: &mut Object<'_>,
    name: &str,
    value: Option<T>,
) -> napi::Result<()> {
    value.map_or(Ok(()), |value| error.set(name, value).map(drop))
}
