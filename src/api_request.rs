//! `apiRequest`: a request to Cloudflare's API through the engine's HTTP client.
//!
//! Internal: the JavaScript of this package asks for accounts and Workers with it, so that proxies,
//! certificates, retries and cancellation are the same as for uploads.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use vinext_seed::background::{BackgroundError, run_blocking};
use vinext_seed::sanitized_text::SanitizedText;
use vinext_seed::send::{RetryPolicy, ask};
use vinext_seed::store::StoreError;
use vinext_seed::store::cloudflare_kv::{ApiAnswer, ApiBase, ApiUrl, CloudflareApi};
use vinext_seed::store::http::{ApiToken, Timeouts};

use crate::abort::Signal;
use crate::error::BindingError;
use crate::run;

/// How often, and for how long, a request is retried. A user waits for the answer.
const RETRY: RetryPolicy = RetryPolicy {
    attempts: 5,
    initial_delay: Duration::from_millis(200),
    max_delay: Duration::from_secs(5),
    total: Duration::from_secs(90),
};

/// Timeouts of a request.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(15),
    idle: Duration::from_secs(15),
    reply: Duration::from_secs(30),
    request: Duration::from_secs(60),
};

/// Default limit on a reply, in bytes. A page of 50 accounts has 50 kB.
const MAX_REPLY_BYTES: u32 = 1024 * 1024;

/// A request to Cloudflare's API.
/// @internal
#[napi(object, object_to_js = false)]
pub struct ApiRequest {
    /// Where the API is.
    pub api_base_url: String,
    /// The path below that, with its leading slash, percent-encoded.
    pub path: String,
    /// The query.
    pub query: Option<HashMap<String, String>>,
    /// The token, which is sent to the API's origin only.
    pub api_token: String,
    /// Cancels the request.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
    /// The largest reply to accept, in bytes.
    pub max_reply_bytes: Option<u32>,
    /// Whether the answer is text, not JSON.
    pub expects_text: Option<bool>,
}

/// Sends a request to Cloudflare's API and resolves with JSON: `{ status, success, result,
/// resultInfo, errors, requestId, warnings }`. Rejects if Cloudflare does not answer, after
/// retries.
#[napi(skip_typescript)]
pub fn api_request<'env>(
    env: &'env Env,
    request: ApiRequest,
) -> napi::Result<PromiseRaw<'env, String>> {
    run::promise(env, start(env, request))
}

/// Why a URL is not a valid API base, as the rest of a sentence; `null` if it is. All
/// functions of this package check it in this way.
#[napi(skip_typescript)]
#[must_use]
pub fn check_api_base_url(url: String) -> Option<String> {
    ApiBase::new(&url).err().map(|error| error.problem)
}

/// Why a text is not a valid API token, as the rest of a sentence that does not show it; `null` if
/// it is.
#[napi(skip_typescript)]
#[must_use]
pub fn check_api_token(token: String) -> Option<String> {
    ApiToken::new(token).err().map(|error| error.to_string())
}

/// Why a request was not answered.
#[derive(Debug)]
pub(crate) enum QuestionError {
    /// The HTTP client could not be created: no thread could be started, or a bug.
    Background(BackgroundError),
    /// HTTPS cannot be set up.
    Client(SanitizedText),
    /// Cloudflare did not answer.
    Store(StoreError),
    /// The caller aborted it.
    Aborted,
}

impl From<BackgroundError> for QuestionError {
    fn from(error: BackgroundError) -> Self {
        Self::Background(error)
    }
}

impl QuestionError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Background(error) => error.code(),
            Self::Client(_) => "TLS_SETUP_FAILED",
            Self::Store(error) => error.code(),
            Self::Aborted => "ABORT_ERR",
        }
    }
}

impl fmt::Display for QuestionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(problem) => write!(
                formatter,
                "cannot set up HTTPS: {problem}; check the certificates that SSL_CERT_FILE, \
                 SSL_CERT_DIR and NODE_EXTRA_CA_CERTS name"
            ),
            Self::Background(error) => error.fmt(formatter),
            Self::Store(error) => error.fmt(formatter),
            Self::Aborted => formatter.write_str("the request was aborted"),
        }
    }
}

fn start(env: &Env, request: ApiRequest) -> Result<PromiseRaw<'_, String>, BindingError> {
    let base = ApiBase::new(&request.api_base_url)?;
    let token = ApiToken::new(request.api_token)
        .map_err(|problem| BindingError::option("apiToken", problem))?;
    let query: Vec<_> = request.query.into_iter().flatten().collect();
    let max_bytes = request.max_reply_bytes.unwrap_or(MAX_REPLY_BYTES) as usize;
    let url = base.resolve(&request.path, &query)?;
    let expects_text = request.expects_text.unwrap_or(false);
    run::start(
        env,
        request.signal,
        None,
        move |_, cancellation| async move {
            let asked = answer(token, &url, max_bytes, expects_text);
            let answered = cancellation.run_until_cancelled(asked).await;
            answered.unwrap_or(Err(QuestionError::Aborted))
        },
    )
}

async fn answer(
    token: ApiToken,
    url: &ApiUrl,
    max_bytes: usize,
    expects_text: bool,
) -> Result<String, QuestionError> {
    let origin = url.clone();
    let opening = run_blocking(move || CloudflareApi::new(&origin, token, TIMEOUTS));
    let (api, warnings) = opening.await?.map_err(QuestionError::Client)?;
    let answer = match expects_text {
        true => ask(&RETRY, || api.get_text(url, max_bytes)).await,
        false => ask(&RETRY, || api.get(url, max_bytes)).await,
    };
    Ok(json(answer.map_err(QuestionError::Store)?, warnings))
}

fn json(answer: ApiAnswer, warnings: Vec<String>) -> String {
    let errors = answer
        .errors
        .iter()
        .map(|error| serde_json::json!({ "code": error.code, "message": error.message.as_str() }));
    serde_json::json!({
        "status": answer.status,
        "success": answer.success,
        "errors": errors.collect::<Vec<_>>(),
        "result": answer.result,
        "resultInfo": answer.result_info,
        "requestId": answer.request_id,
        "warnings": warnings,
    })
    .to_string()
}
