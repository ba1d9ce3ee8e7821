//! Which profile each published version has.
//!
//! The list has gaps (0.0.46 to 0.0.48, 1.0.0 to 1.3.x, …) for versions that were never published; newer
//! versions than the last row are unknown.

use semver::{Prerelease, Version};

use super::adapter_rules::AdapterRules;
use super::probe::Switches;
use crate::formats::kv_key::LongKeys;
use crate::formats::profile::{self, RuntimeProfile};
use crate::formats::tags::ColonTags;

/// Facts about a version of vinext.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// Its pages can be seeded.
    Seedable(RuntimeProfile),
    /// They cannot, for this reason.
    Unsupported(&'static str),
}

const NO_MANIFEST: &str =
    "it writes no list of its pre-rendered routes (0.0.31 is the first that does)";
const NO_BUILD_ID: &str =
    "its manifest has no build id, so a build and its Worker cannot be matched";
const RSC_IS_HTML: &str = "its prerenderer writes HTML into the .rsc files";

struct Row {
    versions: &'static [&'static str],
    known: Known,
    /// What the code of these versions shows; `None` for those that have no prerenderer.
    shows: Option<(RuntimeProfile, HasBuildId)>,
}

type HasBuildId = bool;

const fn seedable(versions: &'static [&'static str], profile: RuntimeProfile) -> Row {
    Row {
        versions,
        known: Known::Seedable(profile),
        shows: Some((profile, true)),
    }
}

/// Every published version, in order.
const PUBLISHED: &[Row] = &[
    Row {
        versions: &[
            "0.0.4", "0.0.5", "0.0.7", "0.0.9", "0.0.10", "0.0.11", "0.0.12", "0.0.13", "0.0.15",
            "0.0.19", "0.0.21", "0.0.24", "0.0.26", "0.0.30",
        ],
        known: Known::Unsupported(NO_MANIFEST),
        shows: None,
    },
    Row {
        versions: &["0.0.31"],
        known: Known::Unsupported(NO_BUILD_ID),
        shows: Some((profile::G02, false)),
    },
    seedable(
        &["0.0.35", "0.0.36", "0.0.38", "0.0.44", "0.0.45"],
        profile::G02,
    ),
    Row {
        versions: &["0.0.49"],
        known: Known::Unsupported(RSC_IS_HTML),
        shows: Some((profile::G03, true)),
    },
    seedable(&["0.0.50", "0.0.52"], profile::G04),
    seedable(&["0.0.55"], profile::G05),
    seedable(&["0.1.1", "0.1.2"], profile::G06),
    seedable(&["0.1.6", "0.1.8"], profile::G06_ENCODED),
    seedable(&["0.2.0"], profile::G07_UNPROVEN),
    seedable(&["0.2.1", "1.0.0-beta.0", "1.0.0-beta.1"], profile::G07),
    seedable(&["1.0.0-beta.2"], profile::G07_BETA2),
    seedable(&["1.0.0-beta.3"], profile::G08),
    seedable(&["1.0.0-beta.4"], profile::G09),
    seedable(&["1.0.0-beta.5"], profile::G10),
    seedable(&["1.0.0-beta.8"], profile::G11_BETA8),
    seedable(&["1.0.0-beta.9", "1.0.0-beta.10"], profile::G11),
    seedable(&["1.4.0"], profile::G12),
];

/// Facts about this version of `vinext`; `None` if it was never published or is newer.
pub(super) fn by_version(vinext: &Version) -> Option<Known> {
    let version = vinext.to_string();
    PUBLISHED
        .iter()
        .find(|row| row.versions.contains(&version.as_str()))
        .map(|row| row.known)
}

/// Facts about the versions whose code shows these switches; `None` if none does.
pub(super) fn by_switches(switches: &Switches, long_kv_keys: LongKeys) -> Option<Known> {
    let shows_them = |row: &&Row| {
        row.shows.is_some_and(|(profile, has_build_id)| {
            let shown = Switches::of(&profile);
            *switches
                == if has_build_id {
                    shown
                } else {
                    shown.without_build_id()
                }
        })
    };
    let rows: Vec<&Row> = PUBLISHED.iter().filter(shows_them).collect();
    // Two generations differ in their adapter only; any adapter works with any of them.
    let same_adapter = rows.iter().find(|row| {
        row.shows
            .is_some_and(|(profile, _)| profile.long_kv_keys == long_kv_keys)
    });
    same_adapter.or(rows.first()).map(|row| row.known)
}

/// The rules of a version of the KV adapter. The adapter is part of vinext up to 0.1.8 and of
/// `@vinext/cloudflare` afterwards; without its version the rules are the oldest.
pub(super) fn adapter_rules(cloudflare: Option<&Version>) -> AdapterRules {
    let Some(version) = cloudflare else {
        return AdapterRules::OLDEST;
    };
    let beta_of_1_0_0 = |beta| Version {
        // "beta.3" is a valid pre-release.
        pre: Prerelease::new(beta).unwrap_or(Prerelease::EMPTY),
        ..Version::new(1, 0, 0)
    };
    let first_that_hashes = beta_of_1_0_0("beta.3");
    let first_that_stores_stale = beta_of_1_0_0("beta.5");
    // By reading: vinext pull request 3569, released with 1.0.1.
    let first_that_keeps_colons = Version::new(1, 0, 1);
    AdapterRules {
        long_kv_keys: if *version >= first_that_hashes {
            LongKeys::Hashed
        } else {
            LongKeys::Rejected
        },
        colon_tags: if *version >= first_that_keeps_colons {
            ColonTags::Kept
        } else {
            ColonTags::Dropped
        },
        expires_static_pages: *version >= first_that_keeps_colons,
        stores_stale: *version >= first_that_stores_stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn every_version_is_valid_and_in_one_row_only() {
        let all: Vec<Version> = PUBLISHED
            .iter()
            .flat_map(|row| row.versions)
            .map(|text| version(text))
            .collect();
        assert!(all.is_sorted());
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn unpublished_and_newer_versions_are_unknown() {
        for text in ["0.0.47", "0.1.7", "1.0.0", "1.3.9", "1.4.1", "2.0.0"] {
            assert!(by_version(&version(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn finds_a_profile_by_its_switches() {
        for row in PUBLISHED {
            let Known::Seedable(profile) = row.known else {
                continue;
            };
            let found = by_switches(&Switches::of(&profile), profile.long_kv_keys);
            let Some(Known::Seedable(found)) = found else {
                panic!("{}", row.versions[0])
            };
            assert_eq!(found, profile);
        }
    }

    #[test]
    fn accepts_an_older_adapter_with_a_newer_vinext() {
        let found = by_switches(&Switches::of(&profile::G12), LongKeys::Rejected);
        assert!(matches!(found, Some(Known::Seedable(found)) if found.generation == "g12"));
    }

    #[test]
    fn only_adapters_from_1_0_1_on_keep_colons_and_expire_static_pages() {
        for (text, is_newer) in [("0.2.1", false), ("1.0.0-beta.7", false), ("1.0.1", true)] {
            let rules = adapter_rules(Some(&version(text)));
            assert_eq!(rules.colon_tags == ColonTags::Kept, is_newer, "{text}");
            assert_eq!(rules.expires_static_pages, is_newer, "{text}");
        }
        assert_eq!(adapter_rules(None), AdapterRules::OLDEST);
    }

    #[test]
    fn only_adapters_from_beta_5_on_store_stale() {
        for (text, stores) in [
            ("0.2.1", false),
            ("1.0.0-beta.4", false),
            ("1.0.0-beta.5", true),
            ("1.0.0-beta.10", true),
            ("1.0.1", true),
        ] {
            let rules = adapter_rules(Some(&version(text)));
            assert_eq!(rules.stores_stale, stores, "{text}");
        }
    }

    #[test]
    fn only_adapters_from_beta_3_on_hash_long_keys() {
        let long_keys = |text| adapter_rules(Some(&version(text))).long_kv_keys;
        assert_eq!(adapter_rules(None).long_kv_keys, LongKeys::Rejected);
        assert_eq!(long_keys("0.2.1"), LongKeys::Rejected);
        assert_eq!(long_keys("1.0.0-beta.2"), LongKeys::Rejected);
        assert_eq!(long_keys("1.0.0-beta.3"), LongKeys::Hashed);
        assert_eq!(long_keys("1.0.0-beta.10"), LongKeys::Hashed);
        assert_eq!(long_keys("1.0.0"), LongKeys::Hashed);
    }
}
