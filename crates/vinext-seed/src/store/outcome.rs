//! The outcome of one request, in terms that every store shares.

use std::time::Duration;

use super::{StoreError, Stored};

/// The outcome of one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome<T> {
    /// The result, or why there is none.
    pub result: Result<T, RequestError>,
    /// How long all requests should pause, if the store asks for it.
    pub pause: Option<Duration>,
}

impl<T> Outcome<T> {
    /// An outcome without a pause.
    pub fn new(result: Result<T, RequestError>) -> Self {
        Self {
            result,
            pause: None,
        }
    }

    /// Maps the result.
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome {
            result: self.result.map(map),
            pause: self.pause,
        }
    }
}

impl<T> From<RequestError> for Outcome<T> {
    fn from(failure: RequestError) -> Self {
        Self::new(Err(failure))
    }
}

/// A request that failed, and what that means for the next one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestError {
    /// What to do next.
    pub kind: RequestErrorKind,
    /// Why it failed.
    pub error: StoreError,
    /// How long to wait before the next attempt, if the store says so.
    pub retry_after: Option<Duration>,
}

/// What a failed request means for the next one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// The account's daily quota is used up. Nothing else will be stored.
    QuotaExhausted,
    /// This request and every other one will fail in the same way.
    Fatal,
    /// Something in the request was rejected, possibly a single entry.
    Rejected,
    /// The request has too many bytes.
    TooLarge,
    /// The request took too long; a smaller one may succeed.
    TooSlow,
    /// Too many requests: all of them should wait.
    Throttled,
    /// A retry may well succeed.
    Transient,
    /// The connection was lost while the request was being sent.
    ConnectionLost,
    /// The reply does not answer the request.
    UnexpectedReply,
}

impl RequestErrorKind {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        match self {
            Self::QuotaExhausted | Self::Fatal | Self::Rejected | Self::TooLarge => false,
            Self::TooSlow
            | Self::Throttled
            | Self::Transient
            | Self::ConnectionLost
            | Self::UnexpectedReply => true,
        }
    }

    /// Makes a [`RequestError`] of this kind.
    #[must_use]
    pub fn because(self, error: StoreError) -> RequestError {
        RequestError {
            kind: self,
            error,
            retry_after: None,
        }
    }
}

/// The outcome of a batch whose entries are stored one by one.
pub(super) fn stored_one_by_one(
    entries: usize,
    failed: Vec<(String, RequestError)>,
) -> Outcome<Stored> {
    let Some(failure) = worst(&failed) else {
        return Outcome::new(Ok(Stored::All));
    };
    if failed.len() == entries {
        return failure.into();
    }
    let keys = failed.into_iter().map(|(key, _)| key).collect();
    Outcome::new(Ok(Stored::AllBut(keys, failure)))
}

/// The failure that decides what happens next: one that ends the run, else one that a retry would not
/// change, else the first. If some of the entries may be stored, all may be.
pub(super) fn worst(failed: &[(String, RequestError)]) -> Option<RequestError> {
    let failures = || failed.iter().map(|(_, failure)| failure);
    let deciding = failures()
        .find(|failure| failure.kind == RequestErrorKind::Fatal)
        .or_else(|| failures().find(|failure| !failure.kind.is_retryable()))
        .or_else(|| failures().next())?;
    let mut deciding = deciding.clone();
    let may_be_stored = failures().any(|failure| failure.error.may_be_stored);
    deciding.error = deciding.error.may_be_stored(may_be_stored);
    Some(deciding)
}
