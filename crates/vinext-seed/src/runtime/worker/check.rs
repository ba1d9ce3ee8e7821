//! Compares the built Worker with what is about to be written for it.
//!
//! Invariant: nothing is rejected for lack of evidence. Bundles can be laid out in any way, so only
//! evidence that differs counts.

use std::path::Path;

use super::bundle::Bundle;
use super::facts::{DataCache, WorkerFacts};
use super::{KEY_CODE, adapter, facts_of};
use crate::formats::RuntimeProfile;
use crate::formats::pages_key::PAGES_NAMESPACE;
use crate::formats::tags::ColonTags;
use crate::runtime::adapter_rules::REFUSES_COLONS;
use crate::sanitized_text::SanitizedText;

/// The namespaces of keys since 1.4.0. A Worker without an App Router has only the second.
const V2_NAMESPACES: [&str; 2] = ["app:v2", PAGES_NAMESPACE];

/// Why the built Worker would not read the entries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Its keys have a different prefix.
    #[error(
        "the built Worker was built by a vinext whose keys begin with \"{worker}:\", but \
         those of vinext {version} begin with \"{profile}:\"; build again with the installed version"
    )]
    OtherFormat {
        /// The prefix in the Worker.
        worker: &'static str,
        /// The version that entries would be written for.
        version: SanitizedText,
        /// Its prefix.
        profile: &'static str,
    },
    /// Its code does not contain the build id.
    #[error(
        "the built Worker was not built with the build id {0:?} of the pre-rendered pages; \
         build and pre-render again"
    )]
    OtherBuild(SanitizedText),
    /// No adapter is configured, so it keeps its cache in memory.
    #[error(
        "the built Worker does not read KV, because no data cache is configured; set \
         `vinext({{ cache: {{ data: kvDataAdapter() }} }})` in the Vite configuration (up to vinext \
         0.1.8, call `setCacheHandler(new KVCacheHandler(env.VINEXT_CACHE))` in the Worker), and build \
         again"
    )]
    KvNotRead,
    /// Its data cache is not KV.
    #[error(
        "the built Worker uses a data cache other than KV: another adapter is \
         configured as `cache.data`, or the Worker sets a cache handler of its own"
    )]
    OtherDataCache,
    /// It leaves caching to a CDN.
    #[error(
        "`cache.cdn` is configured for vinext, so the Worker leaves pages to the CDN and does not look them up in KV"
    )]
    CdnCache,
    /// The KV adapter in it has a different app prefix.
    #[error(
        "the option `appPrefix` is {given:?}, but the KV adapter in the built Worker has {worker:?}, and \
         would not look for what is written; leave the option out, or build with that prefix"
    )]
    OtherPrefix {
        /// The prefix that entries would have.
        given: SanitizedText,
        /// The Worker's prefix.
        worker: SanitizedText,
    },
}

impl WorkerError {
    /// The error's stable code, which is also that of the skipped run.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherFormat { .. } => "other-format",
            Self::OtherBuild(_) => "other-build",
            Self::KvNotRead => "kv-not-read",
            Self::OtherDataCache => "data-adapter-is-not-kv",
            Self::CdnCache => "cdn-cache-configured",
            Self::OtherPrefix { .. } => "adapter-options-differ",
        }
    }
}

/// Checks that the built Worker will read the entries. Returns its other facts, and the profile with the
/// rules of the adapter in the Worker, whose version may differ from the installed one.
///
/// # Errors
/// If the Worker would read none of the entries.
pub(crate) fn check(
    root: &Path,
    build_id: &str,
    version: &str,
    profile: &RuntimeProfile,
    app_prefix: Option<&str>,
) -> Result<(RuntimeProfile, WorkerFacts), WorkerError> {
    let bundle = Bundle::read(root);
    let profile = check_build(&bundle, build_id, version, profile)?;
    let facts = facts_of(&bundle);
    if facts.has_cdn_cache {
        return Err(WorkerError::CdnCache);
    }
    match facts.data_cache {
        DataCache::Unknown | DataCache::Kv => {}
        DataCache::Memory => return Err(WorkerError::KvNotRead),
        DataCache::Other => return Err(WorkerError::OtherDataCache),
    }
    match (app_prefix, facts.app_prefix.known()) {
        (Some(given), Some(worker)) if given != worker => Err(WorkerError::OtherPrefix {
            given: SanitizedText::new(given),
            worker: SanitizedText::new(worker),
        }),
        _ => Ok((profile, facts)),
    }
}

/// Checks that the built Worker will read entries of a store other than KV. A Worker that reads KV is not
/// an error here: the caller chooses the store, and few handlers can be recognized.
///
/// # Errors
/// If the Worker would read none of the entries.
pub(crate) fn check_other_store(
    root: &Path,
    build_id: &str,
    version: &str,
    profile: &RuntimeProfile,
) -> Result<(RuntimeProfile, WorkerFacts), WorkerError> {
    let bundle = Bundle::read(root);
    let profile = check_build(&bundle, build_id, version, profile)?;
    let facts = facts_of(&bundle);
    if facts.has_cdn_cache {
        return Err(WorkerError::CdnCache);
    }
    let facts = WorkerFacts {
        data_cache: facts.data_cache,
        cache_components: facts.cache_components,
        lists_rendered_paths: facts.lists_rendered_paths,
        ..WorkerFacts::default()
    };
    Ok((profile, facts))
}

fn check_build(
    bundle: &Bundle,
    build_id: &str,
    version: &str,
    profile: &RuntimeProfile,
) -> Result<RuntimeProfile, WorkerError> {
    let mut with_keys = bundle
        .files
        .iter()
        .filter(|file| file.code.contains(KEY_CODE))
        .peekable();
    if with_keys.peek().is_none() {
        return Ok(*profile);
    }
    let has_v2 = with_keys.any(|file| {
        let mut namespaces = V2_NAMESPACES.iter();
        namespaces.any(|namespace| file.code.contains(namespace))
    });
    let worker = if has_v2 { V2_NAMESPACES[0] } else { "app" };
    if worker != profile.cache_key.namespace {
        let version = SanitizedText::new(version);
        let profile = profile.cache_key.namespace;
        return Err(WorkerError::OtherFormat {
            worker,
            version,
            profile,
        });
    }
    // Other characters may be escaped in the code.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if build_id.bytes().all(is_plain) && !bundle.contains(build_id) {
        return Err(WorkerError::OtherBuild(SanitizedText::new(build_id)));
    }
    Ok(RuntimeProfile {
        colon_tags: colon_tags(bundle).unwrap_or(profile.colon_tags),
        ..*profile
    })
}

/// What the Worker's KV adapter does with tags that contain a colon; `None` if it has no KV adapter.
fn colon_tags(bundle: &Bundle) -> Option<ColonTags> {
    bundle
        .contains(adapter::KV_HANDLER)
        .then(|| match bundle.contains(REFUSES_COLONS) {
            true => ColonTags::Dropped,
            false => ColonTags::Kept,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::profile;
    use std::fs;

    fn check_code(code: &str, profile: &RuntimeProfile) -> Result<RuntimeProfile, WorkerError> {
        let dir = tempfile::tempdir().unwrap();
        let server = dir.path().join("dist/server");
        fs::create_dir_all(server.join("_next/static")).unwrap();
        fs::create_dir_all(server.join("prerendered-routes")).unwrap();
        fs::write(server.join("_next/static/isr-cache-x.js"), code).unwrap();
        fs::write(server.join("prerendered-routes/x.js"), ":__hash: app:v2").unwrap();
        check_build(&Bundle::read(dir.path()), "id-1", "1.4.0", profile)
    }

    #[test]
    fn accepts_matching_and_unrecognizable_code() {
        assert!(check_code("`${e}:__hash:${t}`; `app:v2:${n}`; n=`id-1`", &profile::G12).is_ok());
        assert!(check_code("`${e}:__hash:${t}`; `app:${n}`; n=`id-1`", &profile::G11).is_ok());
        assert!(check_code("minified beyond recognition", &profile::G12).is_ok());
    }

    #[test]
    fn uses_the_rule_for_colons_of_the_workers_adapter() {
        let keys = "`${e}:__hash:${t}`; `app:v2:${n}`; n=`id-1`;";
        let handler = "log(`[vinext] Invalid cache entry shape for key:`);";
        let older = format!(r"{keys}{handler} /[\x00-\x1f\\:]/.test(e)");
        let newer = format!(r"{keys}{handler} /[\x00-\x1f\\]/.test(e)");
        for installed in [ColonTags::Dropped, ColonTags::Kept] {
            let profile = RuntimeProfile {
                colon_tags: installed,
                ..profile::G12
            };
            let tags = |code: &str| check_code(code, &profile).unwrap().colon_tags;
            assert_eq!(tags(&older), ColonTags::Dropped);
            assert_eq!(tags(&newer), ColonTags::Kept);
            assert_eq!(tags(keys), installed);
        }
    }

    #[test]
    fn accepts_a_worker_that_has_only_a_pages_router() {
        let code = "`${e}:__hash:${t}`; `pages:v2`; n=`id-1`";
        assert!(check_code(code, &profile::G12).is_ok());
    }

    #[test]
    fn reads_the_worker_wrangler_deploys() {
        let dir = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = dir.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let config = |path: &str| {
            let json = format!("{{\"configPath\":\"../../{path}/wrangler.json\"}}");
            write(".wrangler/deploy/config.json", &json);
            Bundle::read(dir.path()).contains("of the site")
        };
        write("dist/ssr/index.js", "of the site");
        write("elsewhere/index.js", "of the site");
        assert!(config("dist/ssr"));
        assert!(!config("elsewhere"));
        write("dist/server/index.js", "of a server");
        assert!(!config("dist/ssr"));
    }

    #[test]
    fn detects_another_format_or_build() {
        let old = check_code("`${e}:__hash:${t}`; n=`id-1`", &profile::G12);
        assert!(matches!(
            old,
            Err(WorkerError::OtherFormat { worker: "app", .. })
        ));
        let new = check_code("`${e}:__hash:${t}`; `app:v2:`; n=`id-1`", &profile::G11);
        assert!(matches!(
            new,
            Err(WorkerError::OtherFormat {
                worker: "app:v2",
                ..
            })
        ));
        let other = check_code("`${e}:__hash:${t}`; n=`id-2`", &profile::G11);
        assert!(matches!(other, Err(WorkerError::OtherBuild(_))));
    }
}
