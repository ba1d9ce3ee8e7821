//! The members that the results of all functions share.

#![expect(unsafe_code, reason = "`ToNapiValue` is an unsafe trait")]

use std::time::Duration;

use napi::bindgen_prelude::{FromNapiValue, JsObjectValue, Object, ToNapiValue, Unknown};
use napi::sys;
use napi_derive::napi;
use vinext_seed::SeedReport;
use vinext_seed::plan::{SkippedReason, SkippedRoute};
use vinext_seed::report::{ReportedRuntime, SkippedRun};

/// Facts about a build, in every result.
#[napi(object, js_name = "BuildFindings", object_from_js = false)]
pub struct JsFindings {
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why nothing was done, if so. The deploy can continue: pages that are not seeded are rendered
    /// on the first visit.
    pub skipped: Option<String>,
    /// The same as a stable code, such as `no-manifest` or `unknown-version`.
    pub skipped_code: Option<String>,
    /// More detail on `skipped`, if there is any.
    pub skipped_detail: Option<String>,
    /// The Worker's build id, which is part of every key.
    pub build_id: Option<String>,
    /// The runtime that the entries are for.
    pub runtime: Option<SeededRuntime>,
    /// Skipped routes of the manifest, each with its reason, in the manifest's order; at most
    /// `maxListed`.
    pub routes_skipped: Vec<RouteSkipped>,
    /// How many routes are skipped, listed or not.
    pub routes_skipped_total: f64,
    /// All skipped routes, by reason.
    pub skipped_reasons: Vec<ReasonSkipped>,
    /// Problems that did not stop the run, and assumptions that were made.
    pub warnings: Vec<String>,
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

/// Routes that were skipped for the same reason.
#[napi(object, object_from_js = false)]
pub struct ReasonSkipped {
    /// Why, as a stable code, such as `missing-artifact` or `not-rendered`.
    pub code: String,
    /// The reason as a message. If it names a file, that is the first route's. After 100 reasons with one
    /// code, the last one covers all others too.
    pub reason: String,
    /// How many routes.
    pub count: f64,
    /// The path of the first, or its pattern if it has none.
    pub example: String,
}

/// A route that was skipped.
#[napi(object, object_from_js = false)]
pub struct RouteSkipped {
    /// Its pattern, as in the manifest.
    pub route: String,
    /// Its concrete path, if it differs from the pattern.
    pub path: Option<String>,
    /// The reason as a message.
    pub reason: String,
    /// Why, as a stable code, such as `missing-artifact` or `not-rendered`.
    pub code: String,
    /// More detail, if there is any: the error's digest in the build's log (`failed-render`), the
    /// page that was rendered instead (`followed-redirect`), the build's own reason
    /// (`not-rendered`).
    pub detail: Option<String>,
}

/// One function's counts and these findings, as members of one object.
///
/// As with [`WithBuild`](crate::build_options::WithBuild), `T` says `extends BuildFindings`.
pub struct WithFindings<T> {
    /// What one function counted.
    pub own: T,
    /// What all of them find out.
    pub findings: JsFindings,
}

impl<T: ToNapiValue> ToNapiValue for WithFindings<T> {
    unsafe fn to_napi_value(env: sys::napi_env, result: Self) -> napi::Result<sys::napi_value> {
        // SAFETY: `env` comes from Node-API, and both values were just created in it.
        unsafe {
            let own = T::to_napi_value(env, result.own)?;
            let findings = JsFindings::to_napi_value(env, result.findings)?;
            let findings = Object::from_napi_value(env, findings)?;
            let mut object = Object::from_napi_value(env, own)?;
            for name in Object::keys(&findings)? {
                let value: Unknown<'_> = findings.get_named_property(&name)?;
                object.set_named_property(&name, value)?;
            }
            Ok(own)
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
impl From<SeedReport> for JsFindings {
    fn from(report: SeedReport) -> Self {
        let (skipped, skipped_code, skipped_detail) = match report.skipped {
            Some(run) => (
                Some(reason_with_option(&run)),
                Some(run.code.to_owned()),
                run.detail,
            ),
            None => (None, None, None),
        };
        Self {
            duration_ms: milliseconds(report.duration),
            skipped,
            skipped_code,
            skipped_detail,
            build_id: report.build_id,
            runtime: report.runtime.map(Into::into),
            routes_skipped_total: report.routes_skipped.total() as f64,
            skipped_reasons: report
                .routes_skipped
                .reasons()
                .iter()
                .map(Into::into)
                .collect(),
            routes_skipped: report
                .routes_skipped
                .into_listed()
                .into_iter()
                .map(Into::into)
                .collect(),
            warnings: report.warnings,
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

#[expect(clippy::cast_precision_loss, reason = "a count, far below 2^53")]
impl From<&SkippedReason> for ReasonSkipped {
    fn from(skipped: &SkippedReason) -> Self {
        Self {
            code: skipped.reason.code().to_owned(),
            reason: skipped.reason.to_string(),
            count: skipped.routes as f64,
            example: skipped.example.clone(),
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
            detail: skipped.reason.detail().map(str::to_owned),
        }
    }
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round()
}

/// Why a run did nothing, with the option that would allow it, which the engine does not know by name.
pub(crate) fn reason_with_option(run: &SkippedRun) -> String {
    if run.code == "unproven-routes" {
        format!(
            "{}. If this site has no such page, set `allowUnprovenRoutes`",
            run.reason
        )
    } else {
        run.reason.clone()
    }
}
