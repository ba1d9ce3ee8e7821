//! Stage 5: reports what a run did.
//!
//! Invariant: every route and every pair is counted. Only a limited number is named, since a site may have
//! a million.

use std::time::Duration;

use crate::manifest::ManifestError;
use crate::plan::{SkipReason, SkippedRoutes};
use crate::runtime::build_id::BuildIdError;
use crate::runtime::{RuntimeError, RuntimeVersions, WorkerError};
use crate::send::FailedEntries;
use crate::store::StoreError;

/// What a run did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SeedReport {
    /// Routes in the manifest.
    pub routes: usize,
    /// Routes with their main entry stored.
    pub seeded_routes: usize,
    /// Pairs that are stored by this run.
    pub pairs_stored: usize,
    /// Pairs that an earlier run has stored, and that have not changed since.
    pub pairs_unchanged: usize,
    /// Bytes of the requests that stored them.
    pub bytes_sent: u64,
    /// Requests that stored them.
    pub batches: usize,
    /// Requests that repeated pairs of an earlier one.
    pub retries: usize,
    /// Pairs that are not stored, by reason, in the manifest's order.
    pub not_stored: Vec<UnstoredEntries>,
    /// Routes that were not reached when the run was cancelled, so their pairs are unknown.
    pub routes_not_reached: usize,
    /// How long it took.
    pub duration: Duration,
    /// The Worker's build id, which is part of every key.
    pub build_id: Option<String>,
    /// What will read the entries.
    pub runtime: Option<ReportedRuntime>,
    /// Routes that are skipped.
    pub routes_skipped: SkippedRoutes,
    /// Why nothing was done, if nothing was.
    pub skipped: Option<SkippedRun>,
    /// What was assumed because it could not be found out.
    pub warnings: Vec<String>,
}

impl SeedReport {
    /// Pairs that are not stored.
    #[must_use]
    pub fn pairs_not_stored(&self) -> usize {
        self.not_stored.iter().map(|failed| failed.pairs).sum()
    }

    /// Pairs that were to be stored.
    #[must_use]
    pub fn pairs_planned(&self) -> usize {
        self.pairs_stored + self.pairs_unchanged + self.pairs_not_stored()
    }
}

/// Pairs that are not stored, for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UnstoredEntries {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Whether they may be stored anyway, because the outcome of the request is unknown.
    pub may_be_stored: bool,
    /// How many there are.
    pub pairs: usize,
    /// The keys of the first of them, as many as [`BuildOptions`](crate::BuildOptions) asks for.
    pub keys: Vec<String>,
}

impl UnstoredEntries {
    /// Adds pairs to those with the same reason, and lists at most `max_listed` keys in total.
    pub(crate) fn add(all: &mut Vec<Self>, failed: FailedPairs, max_listed: usize) {
        let FailedPairs { error, pairs, keys } = failed;
        let listed: usize = all.iter().map(|one| one.keys.len()).sum();
        let keys = keys.into_iter().take(max_listed.saturating_sub(listed));
        let same = all.iter_mut().find(|one| {
            (one.code, one.may_be_stored) == (error.code(), error.may_be_stored)
                && one.message == error.message
        });
        match same {
            Some(same) => {
                same.pairs += pairs;
                same.keys.extend(keys);
            }
            None => all.push(Self {
                code: error.code(),
                message: error.message,
                may_be_stored: error.may_be_stored,
                pairs,
                keys: keys.collect(),
            }),
        }
    }
}

/// Pairs of one batch that are not stored for one reason.
#[derive(Clone, Debug)]
pub(crate) struct FailedPairs {
    pub(crate) error: StoreError,
    /// How many there are.
    pub(crate) pairs: usize,
    /// The keys of the first of them, or of all.
    pub(crate) keys: Vec<String>,
}

impl From<FailedEntries> for FailedPairs {
    fn from(failed: FailedEntries) -> Self {
        Self {
            error: failed.error,
            pairs: failed.keys.len(),
            keys: failed.keys,
        }
    }
}

/// The runtime a run was for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReportedRuntime {
    /// Its packages.
    pub versions: RuntimeVersions,
    /// Its format, `g02` to `g12`.
    pub generation: &'static str,
}

/// Why a run did nothing. Not an error: a deploy continues, and the pages are rendered on demand.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SkippedRun {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub reason: String,
    /// The underlying error, if there is more to say.
    pub detail: Option<String>,
}

impl SkippedRun {
    fn new(code: &'static str, reason: String) -> Self {
        Self {
            code,
            reason,
            detail: None,
        }
    }

    /// None of the pages that the caller passed in can be seeded, or there were none.
    pub(crate) fn no_page_seedable(skipped: &SkippedRoutes) -> Self {
        let reason = match skipped.total() {
            0 => "`pages` contains no pages".to_owned(),
            pages => {
                format!(
                    "nothing to seed: none of {pages} pages can be seeded; see why each route is skipped"
                )
            }
        };
        Self::new("nothing-seedable", reason)
    }

    /// There may be routes, and none of them is left to seed, for the reasons in `skipped`.
    pub(crate) fn nothing_seedable(skipped: &SkippedRoutes) -> Self {
        let count = |is_meant: fn(&SkipReason) -> bool| -> usize {
            let meant = skipped.reasons().iter().filter(|one| is_meant(&one.reason));
            meant.map(|one| one.routes).sum()
        };
        let missing = count(|reason| matches!(reason, SkipReason::MissingArtifact { .. }));
        let total = skipped.total();
        if missing > 0 {
            return Self::new(
                "artifacts-missing",
                format!(
                    "nothing to seed: files for {missing} of {total} routes are missing from \
                     dist/server/prerendered-routes; rebuild, or copy the complete dist/ from the \
                     build machine"
                ),
            );
        }
        let unusable = count(SkipReason::is_about_files);
        if unusable > 0 {
            return Self::new(
                "artifacts-unusable",
                format!(
                    "nothing to seed: files for {unusable} of {total} routes exist in \
                     dist/server/prerendered-routes but cannot be used; see why each route is skipped"
                ),
            );
        }
        Self::new(
            "nothing-seedable",
            "no pre-rendered routes found".to_owned(),
        )
    }

    /// What a problem with the manifest means for the run; none if it is an error.
    pub(crate) fn of_manifest(problem: &ManifestError) -> Option<Self> {
        let reason = problem.to_string();
        let detail = match problem {
            ManifestError::Missing | ManifestError::NoBuildIdOrRoutes => None,
            ManifestError::Corrupt(detail) => Some(detail.as_str().to_owned()),
            ManifestError::Unreadable(_) | ManifestError::Changed => return None,
        };
        Some(Self {
            detail,
            ..Self::new(problem.code(), reason)
        })
    }
}

impl From<&RuntimeError> for SkippedRun {
    fn from(error: &RuntimeError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<&BuildIdError> for SkippedRun {
    fn from(error: &BuildIdError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<&WorkerError> for SkippedRun {
    fn from(error: &WorkerError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
