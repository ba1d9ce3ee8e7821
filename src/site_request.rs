//! `siteRequest`: a request to a deployed site through the engine's HTTP client.
//!
//! Internal: the JavaScript of this package verifies pages with it, so that proxies, certificates and
//! retries are the same as for uploads. No token is sent.

use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Buffer, PromiseRaw};
use napi_derive::napi;
use vinext_seed::background::run_blocking;
use vinext_seed::send::{RetryPolicy, ask};
use vinext_seed::store::http::Timeouts;
use vinext_seed::store::site::{Site, SiteAnswer, SiteUrl};

use crate::abort::Signal;
use crate::api_request::QuestionError;
use crate::error::BindingError;
use crate::run;

/// How often, and for how long, a page is requested. A site that does not answer is a result too.
const RETRY: RetryPolicy = RetryPolicy {
    attempts: 3,
    initial_delay: Duration::from_millis(500),
    max_delay: Duration::from_secs(5),
    total: Duration::from_secs(60),
};

/// How long the parts of a request may take.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(15),
    idle: Duration::from_secs(15),
    reply: Duration::from_secs(30),
    request: Duration::from_secs(60),
};

/// Maximum bytes read of a page: the largest value that KV accepts (Cloudflare KV limits).
const MAX_PAGE_BYTES: usize = 25 * 1024 * 1024;

/// A request to a site.
/// @internal
#[napi(object, object_to_js = false)]
pub struct SiteRequest {
    /// The URL to request.
    pub url: String,
    /// Headers to send, as pairs of name and value.
    pub headers: Option<Vec<Vec<String>>>,
    /// Cancels the request.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// What a site answered.
/// @internal
#[napi(object, object_from_js = false)]
pub struct SiteResponse {
    /// The HTTP status.
    pub status: u32,
    /// The headers, as pairs of name and value, in order.
    pub headers: Vec<Vec<String>>,
    /// The body.
    pub body: Buffer,
    /// Whether the body was cut off.
    pub is_truncated: bool,
    /// Settings in the environment that are invalid and ignored.
    pub warnings: Vec<String>,
}

/// Requests a page of a site, with retries if it does not answer.
#[napi(skip_typescript)]
pub fn site_request<'env>(
    env: &'env Env,
    request: SiteRequest,
) -> napi::Result<PromiseRaw<'env, SiteResponse>> {
    run::promise(env, start(env, request))
}

/// Why a text is not a valid site URL, as the rest of a sentence; `null` if it is.
#[napi(skip_typescript)]
#[must_use]
pub fn check_site_url(url: String) -> Option<String> {
    SiteUrl::new(&url).err().map(|error| error.problem)
}

fn start(env: &Env, request: SiteRequest) -> Result<PromiseRaw<'_, SiteResponse>, BindingError> {
    let url = SiteUrl::new(&request.url)?;
    let headers = request.headers.into_iter().flatten();
    let headers: Vec<_> = headers
        .filter_map(|pair| <[String; 2]>::try_from(pair).ok())
        .map(|[name, value]| (name, value))
        .collect();
    run::start(
        env,
        request.signal,
        None,
        move |_, cancellation| async move {
            let answered = cancellation
                .run_until_cancelled(answer(&url, &headers))
                .await;
            answered.unwrap_or(Err(QuestionError::Aborted))
        },
    )
}

/// An answer, and warnings.
pub(crate) struct Answered(SiteAnswer, Vec<String>);

async fn answer(url: &SiteUrl, headers: &[(String, String)]) -> Result<Answered, QuestionError> {
    let origin = url.clone();
    let opening = run_blocking(move || Site::new(&origin, TIMEOUTS));
    let (site, warnings) = opening.await?.map_err(QuestionError::Client)?;
    let answer = ask(&RETRY, || site.get(url, headers, MAX_PAGE_BYTES)).await;
    Ok(Answered(answer.map_err(QuestionError::Store)?, warnings))
}

impl From<Answered> for SiteResponse {
    fn from(Answered(answer, warnings): Answered) -> Self {
        let headers = answer.headers.into_iter();
        Self {
            status: u32::from(answer.status),
            headers: headers.map(|(name, value)| vec![name, value]).collect(),
            body: answer.body.into(),
            is_truncated: answer.is_truncated,
            warnings,
        }
    }
}
