//! Classifies replies of S3 and compatible services.
//!
//! Source: "Error responses" in the API reference of Amazon S3.

use super::transport::Exchange;
use crate::sanitized_text::with_causes;
use crate::store::http::Secrets;
use crate::store::{RequestError, RequestErrorKind, StoreError};

/// Where the library asks for the credentials of a virtual machine if the environment has none.
const METADATA_HOST: &str = "169.254.169.254";

const NO_CREDENTIALS: &str = "There are no credentials: set AWS_ACCESS_KEY_ID and \
    AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if there is one)";

const UNAUTHORIZED: &str = "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and \
    that they may do `s3:PutObject` in this bucket";

/// Classifies a request that failed. `operation` begins the message.
pub(super) fn classify(
    operation: &str,
    bucket: &str,
    error: &object_store::Error,
    exchange: Exchange,
    secrets: &Secrets,
) -> RequestError {
    if exchange.host == METADATA_HOST {
        let error = StoreError::new("S3_UNAUTHORIZED", format!("{operation} failed"));
        return RequestErrorKind::Fatal.because(error.advise(NO_CREDENTIALS));
    }
    if let Some(failure) = exchange.failure {
        return failure;
    }
    let text = with_causes(error);
    let word = code(&text);
    let (kind, code, advice) = meaning(exchange.status, word);
    let status = exchange.status.map(|status| format!(" {status}"));
    let said = if word.is_empty() { text.as_str() } else { word };
    let said = secrets.scrub(said);
    let place = format!("bucket {bucket}");
    let status = status.unwrap_or_default();
    let message = format!("{operation} in {place} failed: the server replied{status} {said}");
    let mut error = StoreError::new(code, message);
    error.status = exchange.status;
    error.request_id = exchange.request_id.map(|id| secrets.scrub(&id).to_string());
    // A server that failed may have stored the object before.
    error = error.may_be_stored(exchange.status.is_none_or(|status| status >= 500));
    if !advice.is_empty() {
        error = error.advise(advice);
    }
    RequestError {
        retry_after: exchange.retry_after,
        ..kind.because(error)
    }
}

/// The `<Code>` of an error's XML; empty if missing.
fn code(text: &str) -> &str {
    let after = text.split_once("<Code>").map(|(_, after)| after);
    let code = after.and_then(|after| after.split_once("</Code>"));
    code.map_or("", |(code, _)| code)
}

/// What a reply means for the next request.
fn meaning(status: Option<u16>, word: &str) -> (RequestErrorKind, &'static str, &'static str) {
    use RequestErrorKind::{Fatal, Rejected, Throttled, TooLarge, Transient, UnexpectedReply};
    match (status, word) {
        (_, "SlowDown" | "TooManyRequests" | "RequestLimitExceeded") | (Some(429), _) => (
            Throttled,
            "S3_THROTTLED",
            "Lower the concurrency, or spread the load over more prefixes",
        ),
        (_, "RequestTimeTooSkewed") => (
            Fatal,
            "S3_CLOCK_SKEWED",
            "This machine's clock is wrong, so its signatures are invalid; correct the clock",
        ),
        (_, "NoSuchBucket") => (
            Fatal,
            "S3_BUCKET_MISSING",
            "Check the bucket's name, the endpoint and the region, or create the bucket",
        ),
        (
            _,
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        )
        | (Some(301 | 307), _) => (
            Fatal,
            "S3_WRONG_REGION",
            "The bucket is in another region: set AWS_REGION, or the store's region",
        ),
        (
            _,
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "AccessDenied"
            | "ExpiredToken"
            | "InvalidToken"
            | "AccountProblem"
            | "AllAccessDisabled"
            | "NotSignedUp",
        )
        | (Some(401 | 403), _) => (Fatal, "S3_UNAUTHORIZED", UNAUTHORIZED),
        (_, "EntityTooLarge") | (Some(413), _) => (TooLarge, "S3_REJECTED", ""),
        (_, "QuotaExceeded" | "XMinioStorageFull") | (Some(507), _) => {
            (Fatal, "S3_FULL", "The bucket or its server is full")
        }
        (_, "RequestTimeout" | "InternalError" | "ServiceUnavailable" | "OperationAborted")
        | (Some(408 | 409 | 500..=599), _) => (Transient, "S3_NOT_READY", ""),
        (Some(400..=499), _) => (Rejected, "S3_REJECTED", ""),
        _ => (UnexpectedReply, "S3_BAD_REPLY", ""),
    }
}
