//! Recognizes the format of an installed vinext by its code instead of its version number.
//!
//! Each probe is a word that appeared or disappeared with a change of the format. In every published package
//! they switch exactly at the versions in `formats/profile.rs`. A missing file is an error, and so is a
//! combination that no published version has.

use std::collections::HashMap;

use crate::formats::artifact_path::ArtifactPathRule;
use crate::formats::cache_key::CacheKeyRule;
use crate::formats::path_hash::PathHash;
use crate::formats::profile::{
    BuildIdSource, PagesRead, PrerenderedParams, QueryProof, RuntimeProfile,
};
use crate::formats::tags::TagRule;

/// The files of `vinext` that are read. Not every version has all of them.
pub const VINEXT_FILES: &[&str] = &[
    HASH,
    ISR_CACHE,
    RSC_ENTRY,
    IMPLICIT_TAGS,
    ENCODE_TAG,
    OUTPUT_PATHS,
    PRERENDER,
    RUN_PRERENDER,
    PAGE_CACHE,
    WORKER_ENTRY,
    ROUTE_MATCHING,
];

/// The files of `@vinext/cloudflare` that are read.
pub const CLOUDFLARE_FILES: &[&str] = &[KV_ADAPTER, KV_KEY];

const HASH: &str = "dist/utils/hash.js";
const ISR_CACHE: &str = "dist/server/isr-cache.js";
const RSC_ENTRY: &str = "dist/entries/app-rsc-entry.js";
const IMPLICIT_TAGS: &str = "dist/server/implicit-tags.js";
const ENCODE_TAG: &str = "dist/utils/encode-cache-tag.js";
const OUTPUT_PATHS: &str = "dist/utils/prerender-output-paths.js";
const PRERENDER: &str = "dist/build/prerender.js";
const RUN_PRERENDER: &str = "dist/build/run-prerender.js";
const PAGE_CACHE: &str = "dist/server/app-page-cache.js";
const WORKER_ENTRY: &str = "dist/server/app-router-entry.js";
const ROUTE_MATCHING: &str = "dist/server/app-rsc-route-matching.js";
pub(super) const KV_ADAPTER: &str = "dist/cache/kv-data-adapter.runtime.js";
pub(super) const KV_KEY: &str = "dist/cache/kv-key.js";

/// The text of a package's files, by their path within it. Missing files are absent.
pub type PackageFiles = HashMap<String, String>;

/// The files of the installed packages that identify the format.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Probes {
    /// Files of `vinext`.
    pub vinext: PackageFiles,
    /// Files of `@vinext/cloudflare`; `None` if it is not installed.
    pub cloudflare: Option<PackageFiles>,
}

/// Why the format of the installed packages cannot be recognized.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// A file that every version has is missing.
    #[error("{0} is missing; the package is incomplete or too old, install it again")]
    Incomplete(&'static str),
    /// A file exists, but its code has none of the known forms.
    #[error("{file} shows no known {what}")]
    Unclear {
        /// The file.
        file: &'static str,
        /// What it should contain.
        what: &'static str,
    },
}

impl ProbeError {
    /// The error's stable code. The run as a whole is skipped as `unknown-version`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "package-incomplete",
            Self::Unclear { .. } => "package-unrecognized",
        }
    }
}

/// The switches that the files show. The others come from the profile that matches these.
///
/// # Errors
/// If a file is missing or unclear.
pub(super) fn switches(probes: &Probes) -> Result<Switches, ProbeError> {
    let vinext = Files(&probes.vinext);
    let prerender = vinext.require(PRERENDER)?;
    let run_prerender = vinext.require(RUN_PRERENDER)?;
    let builds_keys_in_template = !vinext
        .require(ISR_CACHE)?
        .contains("function appIsrCacheKey(");
    let is_proven = prerender.contains("VINEXT_PRERENDER_SPECULATIVE_HEADER");
    Ok(Switches {
        has_build_id: run_prerender.contains("buildId"),
        cache_key: cache_key(&vinext)?,
        tags: tags(&vinext, builds_keys_in_template)?,
        artifact_path: artifact_path(&vinext)?,
        build_id: if run_prerender.contains("readBuiltBuildId") {
            BuildIdSource::BuildIdFile
        } else {
            BuildIdSource::WorkerBundle
        },
        reads: if builds_keys_in_template {
            PagesRead::Revalidating
        } else {
            PagesRead::All
        },
        query_proof: query_proof(&vinext, is_proven)?,
        has_status: vinext.shows(PAGE_CACHE, "isHttpErrorFallbackStatus"),
        has_metadata_routes: prerender.contains("\"metadata\""),
        lists_tags: prerender.contains("readPrerenderCacheTagsHeader"),
        has_stale: prerender.contains("stale: r.stale"),
        prerendered_params: prerendered_params(&vinext, builds_keys_in_template)?,
        is_proven,
    })
}

/// The part of a profile that the code shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Switches {
    has_build_id: bool,
    cache_key: CacheKeyRule,
    tags: TagRule,
    artifact_path: ArtifactPathRule,
    build_id: BuildIdSource,
    reads: PagesRead,
    query_proof: QueryProof,
    has_status: bool,
    has_metadata_routes: bool,
    lists_tags: bool,
    has_stale: bool,
    prerendered_params: PrerenderedParams,
    is_proven: bool,
}

impl Switches {
    /// The switches of a profile.
    pub(super) fn of(profile: &RuntimeProfile) -> Self {
        Self {
            has_build_id: true,
            cache_key: profile.cache_key,
            tags: profile.tags,
            artifact_path: profile.artifact_path,
            build_id: profile.build_id,
            reads: profile.reads,
            query_proof: profile.query_proof,
            has_status: profile.has_status,
            has_metadata_routes: profile.has_metadata_routes,
            lists_tags: profile.lists_tags,
            has_stale: profile.has_stale,
            prerendered_params: profile.prerendered_params,
            is_proven: profile.is_proven,
        }
    }

    /// The same without a build id in the manifest (0.0.31).
    pub(super) fn without_build_id(self) -> Self {
        Self {
            has_build_id: false,
            ..self
        }
    }
}

pub(super) struct Files<'a>(pub(super) &'a PackageFiles);

impl<'a> Files<'a> {
    pub(super) fn get(&self, file: &str) -> Option<&'a str> {
        self.0.get(file).map(String::as_str)
    }

    fn require(&self, file: &'static str) -> Result<&'a str, ProbeError> {
        self.get(file).ok_or(ProbeError::Incomplete(file))
    }

    /// Whether a file exists and contains a text.
    pub(super) fn shows(&self, file: &str, text: &str) -> bool {
        self.get(file).is_some_and(|content| content.contains(text))
    }
}

fn cache_key(vinext: &Files<'_>) -> Result<CacheKeyRule, ProbeError> {
    let isr_cache = vinext.require(ISR_CACHE)?;
    let hash = vinext.require(HASH)?;
    let unclear = |file, what| Err(ProbeError::Unclear { file, what });
    let namespace = if isr_cache.contains("app:v2") {
        "app:v2"
    } else {
        "app"
    };
    if namespace == "app" && isr_cache.contains(":v2") {
        return unclear(ISR_CACHE, "key prefix");
    }
    let path_hash = match (
        isr_cache.contains("createHash(\"sha256\")"),
        isr_cache.contains("fnv1a64("),
    ) {
        (true, false) => PathHash::Sha256Hex,
        (false, true) if hash.contains("padStart(8") => PathHash::Fnv1a64Hex,
        (false, true) if hash.contains("toString(36)") => PathHash::Fnv1a64Base36,
        _ => return unclear(ISR_CACHE, "hash of long paths"),
    };
    let marks_trailing_slash = isr_cache.contains("route:trailing-slash");
    Ok(CacheKeyRule {
        namespace,
        path_hash,
        marks_trailing_slash,
    })
}

fn tags(vinext: &Files<'_>, builds_keys_in_template: bool) -> Result<TagRule, ProbeError> {
    let Some(implicit_tags) = vinext.get(IMPLICIT_TAGS) else {
        return if builds_keys_in_template && vinext.shows(RSC_ENTRY, "function __pageCacheTags(") {
            Ok(TagRule::ConcretePath)
        } else {
            Err(ProbeError::Incomplete(IMPLICIT_TAGS))
        };
    };
    if !implicit_tags.contains("_N_T_") {
        return Err(ProbeError::Unclear {
            file: IMPLICIT_TAGS,
            what: "rule for tags",
        });
    }
    Ok(TagRule::RouteSegments {
        strips_trailing_slash: implicit_tags.contains("slice(0, -1)"),
        encodes: vinext.get(ENCODE_TAG).is_some() && implicit_tags.contains("encodeCacheTag"),
    })
}

fn artifact_path(vinext: &Files<'_>) -> Result<ArtifactPathRule, ProbeError> {
    // Up to 0.0.50 the function is part of the prerenderer.
    let (file, content) = match vinext.get(OUTPUT_PATHS) {
        Some(content) => (OUTPUT_PATHS, content),
        None => (PRERENDER, vinext.require(PRERENDER)?),
    };
    if !content.contains("function getOutputPath(") {
        return Err(ProbeError::Unclear {
            file,
            what: "rule for file names",
        });
    }
    Ok(ArtifactPathRule {
        html_strips_trailing_slash: content.contains(r"replace(/\/$/"),
        escapes_index: content.contains(r"/^\/index(?:\/|$)/"),
    })
}

fn prerendered_params(
    vinext: &Files<'_>,
    builds_keys_in_template: bool,
) -> Result<PrerenderedParams, ProbeError> {
    // From 0.1.6 on the prerenderer passes the parameters to the Worker, as they are in the
    // URL; from 1.0.0-beta.2 on requests use them like that too.
    let are_passed = vinext
        .require(WORKER_ENTRY)?
        .contains("readTrustedPrerenderRouteParams");
    let are_kept_encoded = vinext.shows(ROUTE_MATCHING, "decodeMatchedParams");
    Ok(if are_passed && !are_kept_encoded {
        PrerenderedParams::LeftEncoded
    } else if builds_keys_in_template {
        PrerenderedParams::PercentDecodedTwice
    } else {
        PrerenderedParams::AsInRequests
    })
}

fn query_proof(vinext: &Files<'_>, is_proven: bool) -> Result<QueryProof, ProbeError> {
    let Some(page_cache) = vinext.get(PAGE_CACHE) else {
        return if is_proven {
            Err(ProbeError::Incomplete(PAGE_CACHE))
        } else {
            Ok(QueryProof::None)
        };
    };
    Ok(if page_cache.contains("prerendered !== true") {
        QueryProof::PrerenderedFlag
    } else if is_proven && page_cache.contains("query-variant-unproven") {
        QueryProof::RenderObservation
    } else {
        QueryProof::None
    })
}
