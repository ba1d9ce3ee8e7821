//! Ends a run that cannot succeed.
//!
//! Invariant: once tripped, it never resets. No request begins afterwards; those in flight finish.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::store::StoreError;

/// Failed batches in a row that end the run. One may be the batch's fault; three without
/// a success between them are not.
const MAX_FAILURES_IN_A_ROW: usize = 3;

/// Entries rejected one after another that end the run. Entries that no API takes come in groups, such as
/// the two entries of a page; that many are not a group.
const MAX_REJECTIONS_IN_A_ROW: usize = 16;

/// Timeouts one after another that end the run. Each is of a smaller request than the one before, until
/// there is one entry in it: seven for a batch of 10,000, and three more of single entries.
const MAX_TIMEOUTS_IN_A_ROW: usize = 10;

/// Ends a run that cannot succeed.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    state: Mutex<State>,
    ended: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    has_stored: bool,
    failures_in_a_row: usize,
    rejections_in_a_row: usize,
    timeouts_in_a_row: usize,
    reason: Option<StoreError>,
}

impl CircuitBreaker {
    /// Entries were stored.
    pub(super) fn stored(&self) {
        self.change(|state| {
            state.has_stored = true;
            state.failures_in_a_row = 0;
            state.rejections_in_a_row = 0;
            state.timeouts_in_a_row = 0;
        });
    }

    /// Entries have failed after all attempts. If nothing was ever stored, nothing will be.
    pub(super) fn gave_up(&self, error: &StoreError) {
        let is_enough = self.change(|state| {
            state.failures_in_a_row += 1;
            !state.has_stored || state.failures_in_a_row >= MAX_FAILURES_IN_A_ROW
        });
        if is_enough {
            self.end(error);
        }
    }

    /// An entry was rejected on its own. Others may still be accepted.
    pub(super) fn rejected_one(&self, error: &StoreError) {
        let is_enough = self.change(|state| {
            state.rejections_in_a_row += 1;
            state.rejections_in_a_row >= MAX_REJECTIONS_IN_A_ROW
        });
        if is_enough {
            self.end(error);
        }
    }

    /// A request timed out, and a smaller one will be sent. Others may still be quick enough.
    pub(super) fn timed_out(&self, error: &StoreError) {
        let is_enough = self.change(|state| {
            state.timeouts_in_a_row += 1;
            state.timeouts_in_a_row >= MAX_TIMEOUTS_IN_A_ROW
        });
        if is_enough {
            self.end(error);
        }
    }

    /// Ends the run. Only the first reason is kept.
    pub(super) fn end(&self, reason: &StoreError) {
        let is_first = self.change(|state| {
            let is_first = state.reason.is_none();
            state.reason.get_or_insert_with(|| reason.clone());
            is_first
        });
        if is_first {
            tracing::warn!(code = reason.code(), "the run ends: {}", reason.message);
        }
        self.ended.cancel();
    }

    /// Why the run has ended, if it has.
    pub(super) fn reason(&self) -> Option<StoreError> {
        self.change(|state| state.reason.clone())
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
