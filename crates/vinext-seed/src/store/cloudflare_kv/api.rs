//! Requests to Cloudflare's API outside a namespace: accounts, Workers, tokens.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::endpoint::ApiUrl;
use super::envelope::Envelope;
use super::reply::{Classifier, Codes, Question};
use crate::sanitized_text::SanitizedText;
use crate::store::http::{ApiToken, HttpClient, Reply, Request, Secrets, Service, Timeouts};
use crate::store::{Outcome, RequestError, RequestErrorKind, StoreError};

static CODES: Codes = Codes {
    unauthorized: "API_UNAUTHORIZED",
    not_found: "API_NOT_FOUND",
    quota_exhausted: "API_QUOTA_EXHAUSTED",
    throttled: "API_THROTTLED",
    timeout: "API_TIMEOUT",
    http_error: "API_HTTP_ERROR",
    rejected: "API_REJECTED",
    bad_reply: "API_BAD_REPLY",
    too_large: "API_HTTP_ERROR",
};

/// Cloudflare's API, as seen with a token.
#[derive(Debug)]
pub struct CloudflareApi(HttpClient);

/// Cloudflare's answer: a success, or an error that a retry would not change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Whether Cloudflare calls it a success.
    pub success: bool,
    /// The envelope's `result`.
    pub result: Value,
    /// The envelope's `result_info`: where the next page of a list is.
    pub result_info: Value,
    /// The envelope's errors, in order.
    pub errors: Vec<CloudflareError>,
    /// The ray id, to quote to Cloudflare's support.
    pub request_id: Option<String>,
}

/// One of Cloudflare's errors.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CloudflareError {
    /// Cloudflare's code; 0 if missing.
    pub code: i64,
    /// What it says, without secrets.
    pub message: SanitizedText,
}

impl CloudflareApi {
    /// A client for the origin of a URL. Makes no request. Also returns what in the environment (proxies,
    /// certificates) cannot be used and is ignored.
    ///
    /// # Errors
    /// If HTTPS cannot be set up, usually because of certificates.
    pub fn new(
        url: &ApiUrl,
        token: ApiToken,
        timeouts: Timeouts,
    ) -> Result<(Self, Vec<String>), SanitizedText> {
        let (client, warnings) = HttpClient::new(url.as_url(), Secrets::new(token), timeouts)?;
        Ok((Self(client), warnings))
    }

    /// Requests something other than JSON once, such as a Worker's code, which becomes the answer's
    /// `result`, invalid UTF-8 replaced. Errors are still JSON.
    pub async fn get_text(&self, url: &ApiUrl, max_reply_bytes: usize) -> Outcome<ApiAnswer> {
        self.ask(url, max_reply_bytes, true).await
    }

    /// Makes one request. The reply's size is limited.
    pub async fn get(&self, url: &ApiUrl, max_reply_bytes: usize) -> Outcome<ApiAnswer> {
        self.ask(url, max_reply_bytes, false).await
    }

    async fn ask(
        &self,
        url: &ApiUrl,
        max_reply_bytes: usize,
        expects_text: bool,
    ) -> Outcome<ApiAnswer> {
        let Self(client) = self;
        let url = url.as_url();
        const OPERATION: &str = "Request to Cloudflare's API";
        let request = Request {
            service: Service {
                operation: OPERATION,
                timeout_code: CODES.timeout,
            },
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            max_reply_bytes,
        };
        let reply = match client.send(request).await {
            Ok(reply) => reply,
            Err(failure) => return failure.into(),
        };
        if reply.is_truncated {
            let message = format!(
                "{OPERATION} failed: the reply to GET {} has more than {max_reply_bytes} bytes",
                url.path()
            );
            let mut error = StoreError::new("API_REPLY_TOO_LARGE", message);
            error.status = Some(reply.status.as_u16());
            return RequestErrorKind::Fatal.because(error).into();
        }
        if expects_text && reply.status.is_success() {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            return Outcome::new(Ok(ApiAnswer {
                status: reply.status.as_u16(),
                success: true,
                result: text.into(),
                result_info: Value::Null,
                errors: Vec::new(),
                request_id: None,
            }));
        }
        let classifier = Classifier {
            reply: &reply,
            secrets: &client.secrets,
            question: Question {
                operation: OPERATION,
                codes: &CODES,
                unauthorized_advice: "Check that the API token is valid and may read this",
                not_found_advice: "Check the ids in the path",
            },
        };
        let outcome = classifier.classify();
        Outcome {
            pause: outcome.pause,
            result: match outcome.result {
                Ok(envelope) => Ok(answer(&classifier, envelope)),
                Err(failure) => match Envelope::parse(&reply.body) {
                    Some(envelope) if is_answer(&reply, &failure) => {
                        Ok(answer(&classifier, envelope))
                    }
                    _ => Err(failure),
                },
            },
        }
    }
}

/// Whether a failure is Cloudflare's own answer.
fn is_answer(reply: &Reply, failure: &RequestError) -> bool {
    !failure.kind.is_retryable()
        && !reply.status.is_redirection()
        && failure.error.code() != "PROXY_REFUSED"
}

fn answer(classifier: &Classifier<'_>, envelope: Envelope) -> ApiAnswer {
    let errors = envelope.errors.iter().map(|error| CloudflareError {
        code: error.code,
        message: classifier.secrets.scrub(&error.message),
    });
    ApiAnswer {
        status: classifier.reply.status.as_u16(),
        success: envelope.success,
        errors: errors.collect(),
        request_id: classifier.request_id(),
        result: envelope.result,
        result_info: envelope.result_info,
    }
}
