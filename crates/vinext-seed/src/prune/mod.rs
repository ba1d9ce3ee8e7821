//! Deletes the entries of builds that are no longer live.
//!
//! Invariants: what is not certain is kept. An entry is deleted only if its key names a build that is
//! neither in `dist`, nor live, nor among the newest, and only once it is known which build is live. Keys
//! that no build has (tags, fetches, `use cache`, other applications) are never touched.

mod builds;
mod choose;
mod evidence;
mod run;

use std::time::Duration;

use crate::background::{BackgroundError, off_the_executor};
use crate::formats::kv_key::KvKeySpace;
use crate::send::RetryPolicy;
use crate::store::{ConfigError, Store, StoreError};
use crate::{CancellationToken, sanitized_text::SanitizedText};

pub use choose::{Fate, Kept};
pub use evidence::Evidence;

/// How many of the newest builds are kept unless asked otherwise: what gradual rollouts and rollbacks
/// need.
pub const DEFAULT_KEEP: usize = 3;

/// What to prune.
#[derive(Clone, Debug)]
pub struct PruneOptions {
    /// The keys of the application.
    pub key_space: KvKeySpace,
    /// The build id of `dist`, if there is a build.
    pub dist_build_id: Option<String>,
    /// What `dist`'s Worker says in `X-Vinext-RSC-Build-Id`.
    pub dist_rsc_build_id: Option<String>,
    /// Evidence of which build is live; empty if missing.
    pub evidence: Vec<Evidence>,
    /// How many of the newest builds are kept, at least 1.
    pub keep: usize,
    /// Builds younger than this are kept. Default: none are.
    pub older_than: Option<Duration>,
    /// Tell what would be deleted, and delete nothing.
    pub is_dry_run: bool,
    /// The most entries to delete. Default: no limit.
    pub max_deletes: Option<usize>,
    /// How often, and for how long, a request is tried.
    pub retry: RetryPolicy,
}

/// What pruning did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PruneReport {
    /// The builds that have entries, the newest first.
    pub builds: Vec<PrunedBuild>,
    /// Entries that were deleted.
    pub deleted: usize,
    /// Entries that are to be deleted, and are not yet: because of a dry run, a limit or a failure.
    pub not_deleted: usize,
    /// Calls that listed keys.
    pub lists: usize,
    /// Why nothing may be deleted, if so.
    pub unsure: Option<String>,
    /// Why it ended early, if it did.
    pub failure: Option<StoreError>,
    /// What the caller should know.
    pub warnings: Vec<String>,
}

/// A build that has entries in the store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PrunedBuild {
    /// Its id.
    pub build_id: SanitizedText,
    /// How many entries there are.
    pub entries: usize,
    /// When it was seeded, or its newest page rendered, in milliseconds since the epoch, if that is known.
    pub at_ms: Option<f64>,
    /// What is done with it.
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
    /// The HTTP client cannot be made; nothing was sent.
    #[error(
        "cannot set up HTTPS: {0}; check the certificates that SSL_CERT_FILE, SSL_CERT_DIR and \
         NODE_EXTRA_CA_CERTS name"
    )]
    Client(SanitizedText),
    /// The keys cannot be listed, so nothing was deleted.
    #[error("{0}; nothing was deleted")]
    Store(StoreError),
    /// The client could not be created: no thread could be started, or a bug. Nothing was sent.
    #[error(transparent)]
    Background(#[from] BackgroundError),
    /// The caller cancelled it.
    #[error("pruning was aborted; {deleted} entries were deleted")]
    Aborted {
        /// How many entries were deleted before.
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

/// Deletes entries of old builds from the store that `open` opens, or reports which it would delete. Opening
/// may block. It must make no request, and returns warnings for the caller besides.
///
/// # Errors
/// See [`PruneError`]. A failure after the first entry was deleted is in the report.
pub async fn prune<S: Store + 'static>(
    open: impl FnOnce() -> Result<(S, Vec<String>), SanitizedText> + Send + 'static,
    options: PruneOptions,
    cancellation: &CancellationToken,
) -> Result<PruneReport, PruneError> {
    if options.keep == 0 {
        return Err(ConfigError::new("keep", "must be at least 1").into());
    }
    let opening = off_the_executor(open);
    let (store, warnings) = opening.await?.map_err(PruneError::Client)?;
    run::run(store, options, warnings, cancellation).await
}
