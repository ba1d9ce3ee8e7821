//! Stage 5: reports what a run did.
//!
//! Invariant: every route and every entry is counted. Only a limited number is listed, because a site may
//! have a million.

use std::time::Duration;

use crate::manifest::ManifestError;
use crate::plan::{SkipReason, SkippedRoutes};
use crate::runtime::build_id::BuildIdError;
use crate::runtime::{RuntimeError, RuntimeVersions, WorkerError};
use crate::send::FailedEntries;
use crate::store::StoreError;

/// The result of a run: how many routes and entries there were, and what happened to them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SeedReport {
    /// Routes in the manifest, rendered or not.
    pub routes: usize,
    /// Routes whose main entry is stored, by this run or an earlier one.
    pub seeded_routes: usize,
    /// Entries that this run has stored.
    pub pairs_stored: usize,
    /// Entries that an earlier run has stored and that have not changed since.
    pub pairs_unchanged: usize,
    /// Bytes of the request bodies that stored them.
    pub bytes_sent: u64,
    /// Requests that stored entries.
    pub batches: usize,
    /// Requests that resent entries of an earlier one.
    pub retries: usize,
    /// Entries that are not stored, by reason, in the manifest's order.
    pub not_stored: Vec<UnstoredEntries>,
    /// Routes that were not packed before the run was cancelled, so their entries are unknown.
    pub routes_not_reached: usize,
    /// How long the run took.
    pub duration: Duration,
    /// The Worker's build id, which is part of every key. `None` if it was not determined.
    pub build_id: Option<String>,
    /// The vinext that will read the entries. `None` if it was not determined.
    pub runtime: Option<ReportedRuntime>,
    /// Skipped routes and the reasons.
    pub routes_skipped: SkippedRoutes,
    /// Why the run did nothing; `None` if it seeded something.
    pub skipped: Option<SkippedRun>,
    /// Warnings, one sentence each.
    pub warnings: Vec<String>,
}

impl SeedReport {
    /// The number of entries that are not stored.
    #[must_use]
    pub fn pairs_not_stored(&self) -> usize {
        self.not_stored.iter().map(|failed| failed.pairs).sum()
    }

    /// The number of entries that should be stored after the run.
    #[must_use]
    pub fn pairs_planned(&self) -> usize {
        self.pairs_stored + self.pairs_unchanged + self.pairs_not_stored()
    }
}

/// Entries that are not stored, all for the same reason.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UnstoredEntries {
    /// The reason's stable code.
    pub code: &'static str,
    /// The reason as text.
    pub message: String,
    /// Whether they may be stored anyway, because the outcome of the request is unknown.
    pub may_be_stored: bool,
    /// How many entries there are.
    pub pairs: usize,
    /// The first keys; [`BuildOptions::max_listed`](crate::BuildOptions::max_listed) limits their number.
    pub keys: Vec<String>,
}

impl UnstoredEntries {
    /// Adds entries to those with the same reason, and lists at most `max_listed` keys in total.
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

/// Entries of one batch that are not stored, all for the same reason.
#[derive(Clone, Debug)]
pub(crate) struct FailedPairs {
    pub(crate) error: StoreError,
    /// How many entries there are.
    pub(crate) pairs: usize,
    /// The first keys, or all.
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

/// The vinext that a run wrote entries for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReportedRuntime {
    /// The versions of its packages.
    pub versions: RuntimeVersions,
    /// The name of its format, `g02` to `g12`.
    pub generation: &'static str,
}

/// Why a run did nothing. This is not an error: the deploy continues, and pages are rendered on demand.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SkippedRun {
    /// The reason's stable code.
    pub code: &'static str,
    /// The reason as text.
    pub reason: String,
    /// The text of the underlying error, if it has more detail.
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

    /// Every route, if there are any, was skipped for the reasons in `skipped`.
    pub(crate) fn nothing_seedable(skipped: &SkippedRoutes) -> Self {
        let count = |matches: fn(&SkipReason) -> bool| -> usize {
            let matching = skipped.reasons().iter().filter(|one| matches(&one.reason));
            matching.map(|one| one.routes).sum()
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

    /// Why an unusable manifest skips the run; `None` if it fails the run instead.
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
