//! Runs work that waits for files on threads of its own, and turns panics into errors.
//!
//! Not tokio's threads: where the machine refuses another thread, tokio panics, or waits for one that
//! never comes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Builder;

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::error::SeedError;
use crate::pack::PackError;
use crate::sanitized_text::SanitizedText;

/// Work that runs in the background.
#[derive(Debug)]
pub(super) struct Background<T>(oneshot::Receiver<Result<T, SanitizedText>>);

/// Begins work on a thread of its own.
///
/// # Errors
/// If there is no thread.
pub(super) fn begin<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Background<T>, SeedError> {
    let (done, result) = oneshot::channel();
    let thread = Builder::new().name("vinext-seed".to_owned()).spawn(|| {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        // The receiver is gone if the caller has stopped waiting.
        let _ = done.send(outcome.map_err(|panic| message(&*panic)));
    });
    match thread {
        Ok(_) => Ok(Background(result)),
        Err(error) => Err(SeedError::Pack {
            problem: PackError::NoThread(error),
            report: Box::default(),
        }),
    }
}

impl<T> Background<T> {
    /// Waits for the result.
    pub(super) async fn done(self) -> Result<T, SeedError> {
        match self.0.await {
            Ok(outcome) => outcome.map_err(SeedError::Internal),
            Err(_) => Err(SeedError::Internal(SanitizedText::new(
                "a thread ended early",
            ))),
        }
    }
}

/// Runs blocking work off the async runtime.
pub(super) async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SeedError> {
    begin(work)?.done().await
}

/// Runs to the end; a panic on the way is an error like any other.
pub(super) async fn guarded<T>(
    run: impl Future<Output = Result<T, SeedError>>,
) -> Result<T, SeedError> {
    match AssertUnwindSafe(run).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(SeedError::Internal(message(&*panic))),
    }
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> SanitizedText {
    let text = (panic.downcast_ref::<&str>().copied())
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    SanitizedText::new(text.unwrap_or("a panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let on_a_thread = off_the_executor(|| -> () { panic!("number {}", 1) }).await;
        let here = guarded(async { panic!("number two") as Result<(), SeedError> }).await;
        for (outcome, why) in [(on_a_thread, "number 1"), (here, "number two")] {
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), "INTERNAL_ERROR");
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[tokio::test]
    async fn work_is_done_elsewhere() {
        let here = std::thread::current().id();
        let there = off_the_executor(|| std::thread::current().id()).await;
        assert_ne!(there.unwrap(), here);
    }
}
