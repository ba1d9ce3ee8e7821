//! One request to a store, such as a listing, with retries.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::retry::{MAX_RETRY_AFTER, RetryPolicy};
use crate::store::{Outcome, RequestErrorKind, StoreError};

/// Retries a request until it succeeds, fails permanently or the policy's attempts are used up.
///
/// Dropping the future cancels it.
///
/// # Errors
/// The last attempt's error.
pub async fn ask<T, F>(
    policy: &RetryPolicy,
    mut request: impl FnMut() -> F,
) -> Result<T, StoreError>
where
    F: Future<Output = Outcome<T>>,
{
    let mut failures = 0;
    let mut spent = Duration::ZERO;
    let mut waited = Duration::ZERO;
    loop {
        let started = Instant::now();
        let failure = match request().await.result {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        failures += 1;
        spent += started.elapsed();
        let seed = fastrand::u64(..);
        let wait = policy.wait(failures, spent, seed);
        let Some(mut wait) = wait.filter(|_| failure.kind.is_retryable()) else {
            return Err(failure.error);
        };
        if failure.kind == RequestErrorKind::Throttled && failure.retry_after.is_none() {
            wait = policy.throttled_wait(failures, seed);
        }
        let asked_for = failure.retry_after.unwrap_or_default();
        waited += asked_for;
        if waited > MAX_RETRY_AFTER {
            return Err(failure.error);
        }
        spent += wait;
        tracing::debug!(
            attempt = failures + 1,
            code = failure.error.code(),
            "retrying a read: {}",
            failure.error.message
        );
        sleep(wait.max(asked_for)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;

    fn failing(kind: RequestErrorKind) -> Outcome<u8> {
        kind.because(StoreError::new("CODE", format!("{kind:?}")))
            .into()
    }

    async fn asked(outcomes: Vec<Outcome<u8>>) -> (Result<u8, String>, usize, Duration) {
        let script = RefCell::new(VecDeque::from(outcomes));
        let count = script.borrow().len();
        let start = Instant::now();
        let policy = RetryPolicy::default();
        let answer = ask(&policy, || async {
            let next = script.borrow_mut().pop_front();
            next.unwrap_or_else(|| Outcome::new(Ok(7)))
        });
        let answer = answer.await.map_err(|error| error.message);
        (answer, count - script.borrow().len(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn transient_failures_are_retried() {
        let kinds = [
            RequestErrorKind::Transient,
            RequestErrorKind::TooSlow,
            RequestErrorKind::ConnectionLost,
            RequestErrorKind::UnexpectedReply,
            RequestErrorKind::Throttled,
        ];
        let (answer, _, took) = asked(kinds.map(failing).into()).await;
        assert_eq!(answer, Ok(7));
        assert!(took > Duration::from_secs(3), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn permanent_failures_are_not() {
        for kind in [
            RequestErrorKind::Fatal,
            RequestErrorKind::Rejected,
            RequestErrorKind::TooLarge,
            RequestErrorKind::QuotaExhausted,
        ] {
            let (answer, asked, _) = asked(vec![failing(kind), failing(kind)]).await;
            assert_eq!((answer, asked), (Err(format!("{kind:?}")), 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_and_waits_are_bounded() {
        let policy = RetryPolicy::default();
        let outcomes = (0..20)
            .map(|_| failing(RequestErrorKind::Transient))
            .collect();
        let (answer, count, _) = asked(outcomes).await;
        assert_eq!((answer.is_err(), count), (true, policy.attempts));

        let wait = |seconds| {
            let mut outcome = failing(RequestErrorKind::Throttled);
            outcome.result = outcome
                .result
                .map_err(|failure| crate::store::RequestError {
                    retry_after: Some(Duration::from_secs(seconds)),
                    ..failure
                });
            outcome
        };
        let (answer, _, took) = asked(vec![wait(290), wait(290)]).await;
        assert_eq!(answer, Ok(7));
        assert!(took >= Duration::from_secs(580));
        let (answer, count, took) = asked(vec![wait(3600)]).await;
        assert!(answer.is_err() && count == 1 && took < Duration::from_secs(1));
    }
}
