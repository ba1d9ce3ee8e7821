//! The result of `seedKvCache` as a plain object.

use napi_derive::napi;
use vinext_seed::SeedReport;
use vinext_seed::report::UnstoredEntries;

use crate::findings::WithFindings;

/// Result of `seedKvCache`.
#[napi(
    object,
    js_name = "SeedResult extends BuildFindings",
    object_from_js = false
)]
pub struct JsSeedResult {
    /// Routes in the manifest.
    pub routes: f64,
    /// Routes with their main entry stored: a page's HTML, a metadata route's response. A page's RSC
    /// payload is an entry too.
    pub seeded_routes: f64,
    /// Entries that this run has stored. Cloudflare counts each as one write.
    pub kv_pairs_uploaded: f64,
    /// Entries that an earlier run stored and that have not changed since. They are not written
    /// again.
    pub kv_pairs_unchanged: f64,
    /// All entries of the run: uploaded, unchanged and not stored.
    pub kv_pairs_planned: f64,
    /// Entries that are not stored; 0 unless the promise rejects or `maxWrites` was reached.
    pub kv_pairs_not_stored: f64,
    /// Which entries are not stored, by reason, in the manifest's order.
    pub not_stored: Vec<EntriesNotStored>,
    /// Routes that were not reached when the run was cancelled, so their entries are unknown.
    pub routes_not_reached: f64,
    /// Bytes of the requests that stored the entries.
    pub bytes_uploaded: f64,
    /// Requests that stored the entries.
    pub batches: f64,
    /// Requests that repeated entries of an earlier one.
    pub retries: f64,
}

/// Entries that are not stored, for one reason.
#[napi(object, object_from_js = false)]
pub struct EntriesNotStored {
    /// Why, as a stable code: one of the error's codes, or `over-budget`.
    pub code: String,
    /// The reason as a message.
    pub message: String,
    /// Whether they may be stored anyway, because the outcome of the request is unknown.
    pub may_be_stored: bool,
    /// How many there are.
    pub count: f64,
    /// The keys of the first ones; at most `maxListed` for all reasons together.
    pub keys: Vec<String>,
}

/// What `seedKvCache` resolves with.
pub(crate) type SeedResult = WithFindings<JsSeedResult>;

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<SeedReport> for SeedResult {
    fn from(mut report: SeedReport) -> Self {
        Self {
            own: JsSeedResult {
                routes: report.routes as f64,
                seeded_routes: report.seeded_routes as f64,
                kv_pairs_uploaded: report.pairs_stored as f64,
                kv_pairs_unchanged: report.pairs_unchanged as f64,
                kv_pairs_planned: report.pairs_planned() as f64,
                kv_pairs_not_stored: report.pairs_not_stored() as f64,
                not_stored: report.not_stored.drain(..).map(Into::into).collect(),
                routes_not_reached: report.routes_not_reached as f64,
                bytes_uploaded: report.bytes_sent as f64,
                batches: report.batches as f64,
                retries: report.retries as f64,
            },
            findings: report.into(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
impl From<UnstoredEntries> for EntriesNotStored {
    fn from(entries: UnstoredEntries) -> Self {
        Self {
            code: entries.code.to_owned(),
            message: entries.message,
            may_be_stored: entries.may_be_stored,
            count: entries.pairs as f64,
            keys: entries.keys,
        }
    }
}
