//! Which generation a published version belongs to.
//!
//! In: the version of `vinext` and of its KV adapter. Out: a profile, or why there is none.
//! Never: a guess. The list has holes (0.0.46 to 0.0.48, 1.0.0 to 1.3.x, …); what was never
//! published was never looked at, and neither was what is newer than the last row.

use semver::Version;

use crate::formats::kv_key::LongKeys;
use crate::formats::profile::{self, RuntimeProfile};

/// What is known of a version of vinext.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// Its pages can be seeded.
    Seedable(RuntimeProfile),
    /// They cannot, for this reason.
    Refused(&'static str),
}

const NO_MANIFEST: &str =
    "it writes no list of its pre-rendered routes (0.0.31 is the first that does)";
const NO_BUILD_ID: &str =
    "its manifest has no build id, so the keys its Worker reads cannot be told";
const RSC_IS_HTML: &str = "its prerenderer writes HTML into the .rsc files";

/// Every published version, in order.
const PUBLISHED: &[(&[&str], Known)] = &[
    (
        &[
            "0.0.4", "0.0.5", "0.0.7", "0.0.9", "0.0.10", "0.0.11", "0.0.12", "0.0.13", "0.0.15",
            "0.0.19", "0.0.21", "0.0.24", "0.0.26", "0.0.30",
        ],
        Known::Refused(NO_MANIFEST),
    ),
    (&["0.0.31"], Known::Refused(NO_BUILD_ID)),
    (
        &["0.0.35", "0.0.36", "0.0.38", "0.0.44", "0.0.45"],
        Known::Seedable(profile::G02),
    ),
    (&["0.0.49"], Known::Refused(RSC_IS_HTML)),
    (&["0.0.50", "0.0.52"], Known::Seedable(profile::G04)),
    (&["0.0.55"], Known::Seedable(profile::G05)),
    (
        &["0.1.1", "0.1.2", "0.1.6", "0.1.8"],
        Known::Seedable(profile::G06),
    ),
    (&["0.2.0"], Known::Seedable(profile::G07_UNPROVEN)),
    (&["0.2.1"], Known::Seedable(profile::G07)),
    (
        &["1.0.0-beta.0", "1.0.0-beta.1", "1.0.0-beta.2"],
        Known::Seedable(profile::G07_BETA),
    ),
    (&["1.0.0-beta.3"], Known::Seedable(profile::G08)),
    (&["1.0.0-beta.4"], Known::Seedable(profile::G09)),
    (&["1.0.0-beta.5"], Known::Seedable(profile::G10)),
    (&["1.0.0-beta.8"], Known::Seedable(profile::G11_BETA8)),
    (
        &["1.0.0-beta.9", "1.0.0-beta.10"],
        Known::Seedable(profile::G11),
    ),
    (&["1.4.0"], Known::Seedable(profile::G12)),
];

/// What is known of `vinext` at this version; `None` if it was never published or is newer.
pub(super) fn look_up(vinext: &Version) -> Option<Known> {
    let version = vinext.to_string();
    PUBLISHED
        .iter()
        .find(|(versions, _)| versions.contains(&version.as_str()))
        .map(|row| row.1)
}

/// What the KV adapter does with long keys. The adapter is part of vinext up to 0.1.8 and of
/// `@vinext/cloudflare` afterwards; without its version the safe answer is that it refuses them.
pub(super) fn long_kv_keys(cloudflare: Option<&Version>) -> LongKeys {
    let first_that_hashes = Version {
        pre: beta(3),
        ..Version::new(1, 0, 0)
    };
    match cloudflare {
        Some(version) if *version >= first_that_hashes => LongKeys::Hashed,
        _ => LongKeys::Refused,
    }
}

fn beta(number: u32) -> semver::Prerelease {
    // "beta.<number>" is a valid pre-release identifier for every number.
    semver::Prerelease::new(&format!("beta.{number}")).unwrap_or(semver::Prerelease::EMPTY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_version_and_stands_in_one_row_only() {
        let mut all: Vec<Version> = Vec::new();
        for (versions, _) in PUBLISHED {
            all.extend(
                versions
                    .iter()
                    .map(|version| Version::parse(version).unwrap()),
            );
        }
        assert!(all.is_sorted());
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn holes_and_the_future_are_unknown() {
        for version in ["0.0.47", "0.1.7", "1.0.0", "1.3.9", "1.4.1", "2.0.0"] {
            assert!(
                look_up(&Version::parse(version).unwrap()).is_none(),
                "{version}"
            );
        }
    }

    #[test]
    fn only_adapters_from_beta_3_on_hash_long_keys() {
        let long_keys = |version| long_kv_keys(Some(&Version::parse(version).unwrap()));
        assert_eq!(long_kv_keys(None), LongKeys::Refused);
        assert_eq!(long_keys("0.2.1"), LongKeys::Refused);
        assert_eq!(long_keys("1.0.0-beta.2"), LongKeys::Refused);
        assert_eq!(long_keys("1.0.0-beta.3"), LongKeys::Hashed);
        assert_eq!(long_keys("1.0.0-beta.10"), LongKeys::Hashed);
        assert_eq!(long_keys("1.0.0"), LongKeys::Hashed);
    }
}
