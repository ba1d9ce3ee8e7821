//! Tracks each entry of a batch until it is stored or has failed.
//!
//! Invariant: every entry of a batch ends up in exactly one place, stored or failed with a reason. A
//! part of a batch inherits the attempts of the whole.

use std::time::Duration;

use crate::pack::Batch;
use crate::store::StoreError;

/// What happened to a batch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Delivered {
    /// Routes with their main entry stored.
    pub routes: usize,
    /// Entries that are stored.
    pub pairs: usize,
    /// Bytes of the requests that stored them.
    pub bytes: u64,
    /// Requests that stored something.
    pub requests: usize,
    /// Requests that repeated entries of an earlier one.
    pub retries: usize,
    /// Entries that are not stored, by reason.
    pub failed: Vec<FailedEntries>,
}

/// Entries that are not stored.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FailedEntries {
    /// Why.
    pub error: StoreError,
    /// Their keys, in order.
    pub keys: Vec<String>,
}

/// The account of one batch while it is being sent.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    delivered: Delivered,
    /// What failed, by its position in the batch.
    failed: Vec<(usize, FailedEntries)>,
}

impl Ledger {
    pub(super) fn store(&mut self, batch: &Batch) {
        self.delivered.routes += batch.routes();
        self.delivered.pairs += batch.pairs();
        self.delivered.bytes += batch.body_bytes() as u64;
        self.delivered.requests += 1;
    }

    pub(super) fn fail(&mut self, pending: &PendingBatch, error: &StoreError) {
        let may_be_stored = pending.may_be_stored || error.may_be_stored;
        let failed = FailedEntries {
            error: error.clone().may_be_stored(may_be_stored),
            keys: pending.batch.keys().collect(),
        };
        self.failed.push((pending.position, failed));
    }

    pub(super) fn retry(&mut self) {
        self.delivered.retries += 1;
    }

    /// The result, with what failed in the order of the batch.
    pub(super) fn finish(mut self) -> Delivered {
        self.failed.sort_by_key(|(position, _)| *position);
        Delivered {
            failed: self.failed.into_iter().map(|(_, failed)| failed).collect(),
            ..self.delivered
        }
    }
}

/// A batch that is being sent, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct PendingBatch {
    pub(super) batch: Batch,
    /// Where it begins in the batch that it is a part of.
    position: usize,
    pub(super) was_sent: bool,
    /// Requests that failed.
    pub(super) failures: usize,
    /// How many of them ended while the batch was being sent.
    pub(super) connections_lost: usize,
    /// The time that failed requests and the waits between them took.
    pub(super) spent: Duration,
    /// The total of pauses that the store requested.
    pub(super) retry_after: Duration,
    /// Whether one of the requests may have stored the entries.
    pub(super) may_be_stored: bool,
}

impl PendingBatch {
    pub(super) fn new(batch: Batch) -> Self {
        Self {
            batch,
            position: 0,
            was_sent: false,
            failures: 0,
            connections_lost: 0,
            spent: Duration::ZERO,
            retry_after: Duration::ZERO,
            may_be_stored: false,
        }
    }

    /// The parts that a batch is split into, in order.
    pub(super) fn split(self, batches: Vec<Batch>) -> impl DoubleEndedIterator<Item = Self> {
        let mut position = self.position;
        let mut parts = Vec::with_capacity(batches.len());
        for batch in batches {
            let pairs = batch.pairs();
            parts.push(Self {
                batch,
                position,
                ..self.clone()
            });
            position += pairs;
        }
        parts.into_iter()
    }
}
