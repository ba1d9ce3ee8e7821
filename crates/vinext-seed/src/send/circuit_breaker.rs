//! Whether to go on at all.
//!
//! In: what became of batches. Out: the failure that ends the run, once there is one.
//! Never: a second thought. After the end no request is begun; those in flight finish.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::error::SendError;

/// Losses one after another that end the run. One may be the batch's fault; three without a success
/// between them are not.
const MAX_LOSSES_IN_A_ROW: usize = 3;

/// Pairs refused one after another that end the run. Pairs that no API takes come in groups, such as
/// the two entries of a page; that many are no group.
const MAX_REFUSALS_IN_A_ROW: usize = 16;

/// Ends a run that has no prospect.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    state: Mutex<State>,
    ended: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    has_stored: bool,
    losses_in_a_row: usize,
    refusals_in_a_row: usize,
    reason: Option<SendError>,
}

impl CircuitBreaker {
    /// Pairs were stored.
    pub(super) fn stored(&self) {
        self.change(|state| {
            state.has_stored = true;
            state.losses_in_a_row = 0;
            state.refusals_in_a_row = 0;
        });
    }

    /// Pairs are given up after all attempts. Where nothing was ever stored, nothing will be.
    pub(super) fn lost(&self, failure: &SendError) {
        let is_enough = self.change(|state| {
            state.losses_in_a_row += 1;
            !state.has_stored || state.losses_in_a_row >= MAX_LOSSES_IN_A_ROW
        });
        if is_enough {
            self.end(failure);
        }
    }

    /// Pairs are refused for what they are. Others may still be taken.
    pub(super) fn refused_one(&self, failure: &SendError) {
        let is_enough = self.change(|state| {
            state.refusals_in_a_row += 1;
            state.refusals_in_a_row >= MAX_REFUSALS_IN_A_ROW
        });
        if is_enough {
            self.end(failure);
        }
    }

    /// Ends the run. The first reason stays.
    pub(super) fn end(&self, reason: &SendError) {
        self.change(|state| {
            state.reason.get_or_insert_with(|| reason.clone());
        });
        self.ended.cancel();
    }

    /// Why the run is at its end, if it is.
    pub(super) fn reason(&self) -> Option<SendError> {
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
