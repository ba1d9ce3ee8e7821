//! Deletes the entries of builds that are no longer live.
//!
//! Invariants: entries are kept in case of doubt. An entry is deleted only if its key names a build that is
//! neither in `dist`, nor live, nor among the newest, and only if the live build is known. Keys that do not
//! belong to a build (tags, fetches, `use cache`, other applications) are never deleted.

mod builds;
mod choose;
mod evidence;
mod run;

use std::time::Duration;

use crate::background::{BackgroundError, run_blocking};
use crate::formats::kv_key::KvKeySpace;
use crate::send::RetryPolicy;
use crate::store::{ConfigError, Store, StoreError};
use crate::{CancellationToken, sanitized_text::SanitizedText};

pub use choose::{Fate, Kept};
pub use evidence::Evidence;

/// The default number of newest builds that are kept, which gradual rollouts and rollbacks need.
pub const DEFAULT_KEEP: usize = 3;

/// The options of [`prune`].
#[derive(Clone, Debug)]
pub struct PruneOptions {
    /// The key space of the application.
    pub key_space: KvKeySpace,
    /// The build id of the build in `dist`, if there is one. It is always kept.
    pub dist_build_id: Option<String>,
    /// The value of `X-Vinext-RSC-Build-Id` in responses of the Worker in `dist`, if it has one.
    pub dist_rsc_build_id: Option<String>,
    /// Evidence of which build is live. If it shows no known build, nothing is deleted.
    pub evidence: Vec<Evidence>,
    /// How many of the newest builds are kept, at least 1. See [`DEFAULT_KEEP`].
    pub keep: usize,
    /// Builds younger than this are kept. `None` keeps none for their age.
    pub older_than: Option<Duration>,
    /// Whether to report what would be deleted, and delete nothing.
    pub is_dry_run: bool,
    /// The most entries to delete. `None` is no limit.
    pub max_deletes: Option<usize>,
    /// How often, and for how long, requests are retried.
    pub retry: RetryPolicy,
}

/// The result of pruning.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PruneReport {
    /// The builds that have entries, newest first.
    pub builds: Vec<PrunedBuild>,
    /// Entries that were deleted.
    pub deleted: usize,
    /// Entries that should be deleted but were not, because of a dry run, a limit or an error.
    pub not_deleted: usize,
    /// List requests.
    pub lists: usize,
    /// Why nothing may be deleted; `None` if the live build is known.
    pub unsure: Option<String>,
    /// The error that ended it early, if any.
    pub failure: Option<StoreError>,
    /// Warnings, one sentence each.
    pub warnings: Vec<String>,
}

/// A build that has entries in the store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PrunedBuild {
    /// The build id.
    pub build_id: SanitizedText,
    /// The number of its entries.
    pub entries: usize,
    /// When it was seeded, or its newest page was rendered, in milliseconds since the epoch. `None` if
    /// unknown.
    pub at_ms: Option<f64>,
    /// Whether its entries are kept or deleted.
    pub fate: Fate,
    /// How many of its entries were deleted.
    pub deleted: usize,
}

/// Why pruning could not begin, or could not list what is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// A field of the options is wrong; nothing was sent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The HTTP client could not be created; nothing was sent.
    #[error(
        "cannot set up HTTPS: {0}; check the certificates that SSL_CERT_FILE, SSL_CERT_DIR and \
         NODE_EXTRA_CA_CERTS name"
    )]
    Client(SanitizedText),
    /// The keys could not be listed, so nothing was deleted.
    #[error("{0}; nothing was deleted")]
    Store(StoreError),
    /// No thread could be started, or opening the store panicked. Nothing was sent.
    #[error(transparent)]
    Background(#[from] BackgroundError),
    /// The caller cancelled pruning.
    #[error("pruning was aborted; {deleted} entries were deleted")]
    Aborted {
        /// How many entries were deleted before the cancellation.
        deleted: usize,
    },
}

impl PruneError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::Client(_) => "TLS_SETUP_FAILED",
            Self::Store(error) => error.code(),
            Self::Background(error) => error.code(),
            Self::Aborted { .. } => "ABORT_ERR",
        }
    }
}

/// Deletes entries of old builds from a store, or reports which it would delete.
///
/// `open` opens the store on a separate thread and must not send requests. It returns the store and warnings
/// for the report.
///
/// # Errors
/// See [`PruneError`]. An error while entries are deleted is in the report instead.
pub async fn prune<S: Store + 'static>(
    open: impl FnOnce() -> Result<(S, Vec<String>), SanitizedText> + Send + 'static,
    options: PruneOptions,
    cancellation: &CancellationToken,
) -> Result<PruneReport, PruneError> {
    if options.keep == 0 {
        return Err(ConfigError::new("keep", "must be at least 1").into());
    }
    let opening = run_blocking(open);
    let (store, warnings) = opening.await?.map_err(PruneError::Client)?;
    run::run(store, options, warnings, cancellation).await
}
