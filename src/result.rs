//! The result of `seedKvCache`.
//!
//! In: the engine's report. Out: a plain object.
//! Never: a number that is not in the report.

use napi_derive::napi;
use vinext_seed::SeedReport;
use vinext_seed::plan::SkippedRoute;
use vinext_seed::report::{NotStored, ReportedRuntime};

/// What `seedKvCache` did.
#[napi(object, object_from_js = false)]
pub struct SeedResult {
    /// Routes in the manifest.
    pub routes: f64,
    /// Routes that are stored. A page has up to two entries: its HTML and its RSC payload.
    pub seeded_routes: f64,
    /// Entries that are stored. Cloudflare counts each as one write.
    pub kv_pairs_uploaded: f64,
    /// Entries that were to be stored: those that are, and those that are not.
    pub kv_pairs_planned: f64,
    /// Entries that are not stored; 0 unless the promise rejects.
    pub kv_pairs_not_stored: f64,
    /// Which entries are not stored, by reason, in the manifest's order.
    pub not_stored: Vec<EntriesNotStored>,
    /// Routes that the run had not come to when it was cancelled, so that their entries are unknown.
    pub routes_not_reached: f64,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why nothing was done, if nothing was. The deploy can go on: pages that are not seeded are
    /// rendered when they are first visited.
    pub skipped: Option<String>,
    /// The same as a stable word, such as `no-manifest` or `unknown-version`.
    pub skipped_code: Option<String>,
    /// What lies behind `skipped`, where there is more to say.
    pub skipped_detail: Option<String>,
    /// Bytes of the requests that stored the entries.
    pub bytes_uploaded: f64,
    /// Requests that stored the entries.
    pub batches: f64,
    /// Requests that repeated entries of an earlier one.
    pub retries: f64,
    /// The Worker's build id, which is part of every key.
    pub build_id: Option<String>,
    /// The runtime that the entries are for.
    pub runtime: Option<SeededRuntime>,
    /// Routes of the manifest that were left out, each with its reason.
    pub routes_skipped: Vec<RouteSkipped>,
    /// What was assumed because it could not be found out.
    pub warnings: Vec<String>,
}

/// Entries that are not stored, for one reason.
#[napi(object, object_from_js = false)]
pub struct EntriesNotStored {
    /// Why, as a stable word: one of the error's codes.
    pub code: String,
    /// Why, for people.
    pub message: String,
    /// Whether they may be stored all the same, because nobody said what became of the request.
    pub may_be_stored: bool,
    /// Their keys.
    pub keys: Vec<String>,
}

/// The runtime that entries are for.
#[napi(object, object_from_js = false)]
pub struct SeededRuntime {
    /// The version of `vinext`.
    pub vinext: String,
    /// The version of `@vinext/cloudflare`, if it is known.
    pub cloudflare: Option<String>,
    /// The format of its cache, `g02` to `g12`; see docs/formats.md.
    pub generation: String,
}

/// A route that was left out.
#[napi(object, object_from_js = false)]
pub struct RouteSkipped {
    /// Its pattern, as in the manifest.
    pub route: String,
    /// Its concrete path, where it differs from the pattern.
    pub path: Option<String>,
    /// Why, for people.
    pub reason: String,
    /// Why, as a stable word, such as `missing-artefact` or `not-rendered`.
    pub code: String,
}

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<SeedReport> for SeedResult {
    fn from(report: SeedReport) -> Self {
        let planned = report.pairs_planned() as f64;
        let not_stored = report.pairs_not_stored() as f64;
        let (skipped, skipped_code, skipped_detail) = match report.skipped {
            Some(skipped) => (
                Some(skipped.reason),
                Some(skipped.code.into_owned()),
                skipped.detail,
            ),
            None => (None, None, None),
        };
        Self {
            routes: report.routes as f64,
            kv_pairs_planned: planned,
            kv_pairs_not_stored: not_stored,
            routes_not_reached: report.routes_not_reached as f64,
            retries: report.retries as f64,
            not_stored: report.not_stored.into_iter().map(Into::into).collect(),
            seeded_routes: report.seeded_routes as f64,
            kv_pairs_uploaded: report.pairs_stored as f64,
            duration_ms: (report.duration.as_secs_f64() * 1000.0).round(),
            skipped,
            skipped_code,
            skipped_detail,
            bytes_uploaded: report.bytes_sent as f64,
            batches: report.batches as f64,
            build_id: report.build_id,
            runtime: report.runtime.map(Into::into),
            warnings: report.warnings,
            routes_skipped: report.routes_skipped.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NotStored> for EntriesNotStored {
    fn from(lost: NotStored) -> Self {
        Self {
            code: lost.code.to_owned(),
            message: lost.message,
            may_be_stored: lost.may_be_stored,
            keys: lost.keys,
        }
    }
}

impl From<ReportedRuntime> for SeededRuntime {
    fn from(runtime: ReportedRuntime) -> Self {
        Self {
            vinext: runtime.versions.vinext,
            cloudflare: runtime.versions.cloudflare,
            generation: runtime.generation.to_owned(),
        }
    }
}

impl From<SkippedRoute> for RouteSkipped {
    fn from(skipped: SkippedRoute) -> Self {
        Self {
            route: skipped.route,
            path: skipped.path,
            reason: skipped.reason.to_string(),
            code: skipped.reason.code().to_owned(),
        }
    }
}
