//! What became of a batch.
//!
//! In: parts of it that are stored, or given up. Out: their numbers, and the keys of those that are
//! not stored.
//! Never: the pairs themselves, which are let go of as soon as their fate is known.

use super::error::SendError;
use super::pending_batch::PendingBatch;
use crate::pack::Batch;

/// What became of a batch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivered {
    /// Routes whose main entry is stored.
    pub routes: usize,
    /// Pairs that are stored.
    pub pairs: usize,
    /// Bytes of the requests that stored them.
    pub bytes: u64,
    /// Requests that stored something.
    pub requests: usize,
    /// Requests that repeated pairs of an earlier one.
    pub retries: usize,
    /// Pairs that are not stored, by reason.
    pub lost: Vec<FailedEntries>,
    /// What was odd and did no harm.
    pub warnings: Vec<String>,
}

/// Pairs that are not stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FailedEntries {
    /// Why.
    pub failure: SendError,
    /// Their keys, in order.
    pub keys: Vec<String>,
}

impl Delivered {
    pub(super) fn store(&mut self, batch: &Batch) {
        self.routes += batch.routes();
        self.pairs += batch.pairs();
        self.bytes += batch.body_bytes() as u64;
    }

    pub(super) fn lose(&mut self, pending: &PendingBatch, failure: &SendError) {
        let may_be_stored = pending.may_be_stored || failure.may_be_stored;
        self.lost.push(FailedEntries {
            failure: failure.clone().may_be_stored(may_be_stored),
            keys: pending.batch.keys().collect(),
        });
    }
}
