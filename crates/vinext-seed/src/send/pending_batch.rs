//! A batch on its way, or a part of one.
//!
//! In: a batch. Out: the same, and what it has been through.
//! Never: a history that gets lost when it is cut.

use std::time::Duration;

use crate::pack::Batch;

/// A batch or a part of one on its way.
#[derive(Clone, Debug)]
pub(super) struct PendingBatch {
    pub(super) batch: Batch,
    pub(super) was_sent: bool,
    /// Requests that failed.
    pub(super) failures: usize,
    /// How many of them ended while the batch was on its way.
    pub(super) cut_offs: usize,
    /// The time that failing requests and the waits between them took.
    pub(super) spent: Duration,
    /// The time of waits that the other side ordered.
    pub(super) retry_after: Duration,
    /// Whether one of the requests may have stored the pairs.
    pub(super) may_be_stored: bool,
}

impl PendingBatch {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            batch,
            was_sent: false,
            failures: 0,
            cut_offs: 0,
            spent: Duration::ZERO,
            retry_after: Duration::ZERO,
            may_be_stored: false,
        }
    }

    /// The parts of a part, which inherit what it has been through.
    pub(super) fn split(self, batches: Vec<Batch>) -> impl DoubleEndedIterator<Item = Self> {
        batches.into_iter().map(move |batch| Self {
            batch,
            ..self.clone()
        })
    }
}
