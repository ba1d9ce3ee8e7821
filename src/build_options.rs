//! The options that say what is seeded, whatever is done with it.
//!
//! In: these options as the caller gave them. Out: the engine's, every value checked.
//! Never: where entries go, or how.

use std::path::PathBuf;

use napi::Either;
use vinext_seed::BuildOptions;
use vinext_seed::report::SkippedRun;

use crate::argument::{Given, OrNull, optional};
use crate::failure::Failure;
use crate::options::{JsRefusal, JsRuntimeVersions};
use crate::read_options::{STRING, text, whole};

/// The longest TTL that can be asked for: KV's expiration is an absolute time in seconds, and
/// anything beyond a few decades is a slip of units.
const MAX_TTL_SECONDS: u64 = 100 * 365 * 24 * 3600;

/// What functions that look at a build have in common.
pub(crate) struct JsBuildOptions {
    pub(crate) root: Given<String>,
    pub(crate) app_prefix: Option<OrNull<String>>,
    pub(crate) ttl_seconds: Option<OrNull<f64>>,
    pub(crate) static_ttl_seconds: Option<OrNull<f64>>,
    pub(crate) runtime: Option<OrNull<JsRuntimeVersions>>,
    pub(crate) allow_unproven_routes: Option<OrNull<bool>>,
    pub(crate) vite_config: Option<OrNull<Either<String, bool>>>,
    pub(crate) self_check: Option<OrNull<bool>>,
    pub(crate) refusal: Option<JsRefusal>,
}

impl JsBuildOptions {
    /// Checks every option.
    pub(crate) fn read(self) -> Result<BuildOptions, Failure> {
        let mut build = BuildOptions::new(PathBuf::from(text(self.root, "root")?));
        // Like the adapter, take an empty prefix for none.
        build.app_prefix = optional(self.app_prefix, "appPrefix", STRING)?.unwrap_or_default();
        if let Some(runtime) = optional(self.runtime, "runtime", "an object")? {
            build.runtime = runtime.read()?;
        }
        let allow_unproven = optional(
            self.allow_unproven_routes,
            "allowUnprovenRoutes",
            "a boolean",
        )?;
        build.allow_unproven_routes = allow_unproven.unwrap_or(false);
        build.ttl.ttl_seconds = whole(self.ttl_seconds, "ttlSeconds", MAX_TTL_SECONDS)?;
        build.ttl.static_ttl_seconds =
            whole(self.static_ttl_seconds, "staticTtlSeconds", MAX_TTL_SECONDS)?;
        if let Some(Either::B(true)) =
            optional(self.vite_config, "viteConfig", "a string or false")?
        {
            return Err(Failure::option(
                "viteConfig",
                "must be a string or false, not true",
            ));
        }
        optional(self.self_check, "selfCheck", "a boolean")?;
        build.refusal = self
            .refusal
            .map(|refusal| SkippedRun::refused(refusal.code, refusal.reason));
        Ok(build)
    }
}
