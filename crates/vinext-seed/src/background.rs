//! Runs blocking work on separate threads, and turns a panic or a missing thread into an error.
//!
//! It does not use tokio's threads: if no thread can be started, tokio panics, or waits for one
//! that never starts.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Builder;

use thiserror::Error;
use tokio::sync::oneshot;

use crate::sanitized_text::SanitizedText;

/// Why background work has no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackgroundError {
    /// No thread could be started.
    #[error(
        "cannot start a thread: {0}; raise the limit of processes (`ulimit -u`, or the container's \
         `pids` limit)"
    )]
    NoThread(#[source] io::Error),
    /// The work panicked, which is a bug.
    #[error("internal error: {0}; please report it")]
    Panicked(SanitizedText),
}

impl BackgroundError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoThread(_) => "OUT_OF_RESOURCES",
            Self::Panicked(_) => "INTERNAL_ERROR",
        }
    }
}

/// Work in progress.
#[derive(Debug)]
pub struct Background<T>(oneshot::Receiver<Result<T, SanitizedText>>);

/// Starts work on a separate thread.
///
/// # Errors
/// If no thread can be started.
pub fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Background<T>, BackgroundError> {
    let (done, result) = oneshot::channel();
    let thread = Builder::new().name("vinext-seed".to_owned()).spawn(|| {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        // The receiver no longer exists if the caller has stopped waiting.
        let _ = done.send(outcome.map_err(|panic| panic_message(&*panic)));
    });
    match thread {
        Ok(_) => Ok(Background(result)),
        Err(error) => Err(BackgroundError::NoThread(error)),
    }
}

impl<T> Background<T> {
    /// Waits for the result.
    ///
    /// # Errors
    /// If the work panicked.
    pub async fn done(self) -> Result<T, BackgroundError> {
        match self.0.await {
            Ok(outcome) => outcome.map_err(BackgroundError::Panicked),
            Err(_) => Err(BackgroundError::Panicked(SanitizedText::new(
                "a thread ended early",
            ))),
        }
    }
}

/// Runs blocking work off the async runtime.
///
/// # Errors
/// If no thread could be started, or the work panicked.
pub async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BackgroundError> {
    spawn(work)?.done().await
}

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> SanitizedText {
    let text = (panic.downcast_ref::<&str>().copied())
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    SanitizedText::new(text.unwrap_or("a panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let outcome = run_blocking(|| -> () { panic!("number {}", 1) }).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "INTERNAL_ERROR");
        assert!(error.to_string().contains("number 1"), "{error}");
    }

    #[tokio::test]
    async fn work_runs_on_another_thread() {
        let here = std::thread::current().id();
        let there = run_blocking(|| std::thread::current().id()).await;
        assert_ne!(there.unwrap(), here);
    }
}
