//! Turns a panic of a run into an error.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::error::SeedError;
use crate::background::panic_message;

/// Runs a future and turns a panic into [`SeedError::Internal`].
pub(super) async fn guarded<T>(
    run: impl Future<Output = Result<T, SeedError>>,
) -> Result<T, SeedError> {
    match AssertUnwindSafe(run).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(SeedError::Internal(panic_message(&*panic))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let outcome = guarded(async { panic!("number two") as Result<(), SeedError> }).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "INTERNAL_ERROR");
        assert!(error.to_string().contains("number two"), "{error}");
    }
}
