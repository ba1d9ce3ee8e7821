//! Groups listed keys by build, and determines the number of entries and the age of each build.

use std::collections::BTreeMap;

use crate::formats::build_record::BuildRecord;
use crate::pack::{EntryRecord, RECORD_MEMBER};
use crate::store::ListedKey;

/// The prefixes of the runtime's keys of pages, longest first (all versions; `app:v2` and
/// `pages:v2` since 1.4.0).
const NAMESPACES: [&str; 4] = ["app:v2:", "pages:v2:", "app:", "pages:"];

/// The text after the build id: the start of a pathname, or a hash instead.
const AFTER_BUILD_ID: [&str; 2] = [":/", ":__hash:"];

/// The most builds that are accepted. No site has had so many; the keys of a namespace with more belong to
/// something else.
pub(super) const MAX_BUILDS: usize = 10_000;

/// A build that has entries in a store.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Build {
    pub(super) id: String,
    /// The prefixes of its keys: a site with both routers has two kinds of keys.
    pub(super) key_prefixes: Vec<String>,
    pub(super) entries: usize,
    /// When it was seeded, or its newest page was rendered, in milliseconds since the epoch, if the listing
    /// shows it.
    pub(super) at_ms: Option<f64>,
    /// One of its keys, whose entry is read if nothing else shows the age.
    pub(super) sample: String,
    /// The key of its record.
    pub(super) record_key: Option<String>,
    /// The value of `X-Vinext-RSC-Build-Id` in its Worker's responses.
    pub(super) rsc_build_id: Option<String>,
}

impl Build {
    /// Adds entries of the same build that have another key prefix.
    fn join(&mut self, other: Self) {
        self.key_prefixes.extend(other.key_prefixes);
        self.entries += other.entries;
        self.at_ms = match (self.at_ms, other.at_ms) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        if self.sample.is_empty() {
            self.sample = other.sample;
        }
        self.record_key = self.record_key.take().or(other.record_key);
        self.rsc_build_id = self.rsc_build_id.take().or(other.rsc_build_id);
    }
}

/// The builds of one application.
#[derive(Debug, Default)]
pub(super) struct Builds {
    entry_prefix: String,
    by_prefix: BTreeMap<String, Build>,
}

impl Builds {
    /// No builds yet; keys of entries begin with `entry_prefix`.
    pub(super) fn new(entry_prefix: &str) -> Self {
        Self {
            entry_prefix: entry_prefix.to_owned(),
            by_prefix: BTreeMap::new(),
        }
    }

    /// Adds a record, unless its keys belong to another application.
    pub(super) fn add_record(&mut self, key: &str, value: &[u8]) {
        let record = BuildRecord::parse(value);
        let Some(record) = record.filter(|record| {
            let logical = record.key_prefix.strip_prefix(&self.entry_prefix);
            logical.is_some_and(|logical| {
                NAMESPACES.iter().any(|namespace| {
                    logical.strip_prefix(namespace) == Some(&format!("{}:", record.build_id))
                })
            })
        }) else {
            return;
        };
        self.by_prefix.insert(
            record.key_prefix.clone(),
            Build {
                id: record.build_id,
                key_prefixes: vec![record.key_prefix],
                entries: 0,
                at_ms: Some(record.seeded_at_ms),
                sample: String::new(),
                record_key: Some(key.to_owned()),
                rsc_build_id: record.rsc_build_id,
            },
        );
    }

    /// Adds an entry. Keys that do not belong to a build's page are ignored.
    pub(super) fn add_entry(&mut self, key: &ListedKey) {
        let Some((prefix, id)) = self.build_of(&key.name) else {
            return;
        };
        let rendered_at_ms = rendered_at_ms(key);
        let build = self
            .by_prefix
            .entry(prefix)
            .or_insert_with_key(|prefix| Build {
                id,
                key_prefixes: vec![prefix.clone()],
                entries: 0,
                at_ms: None,
                sample: String::new(),
                record_key: None,
                rsc_build_id: None,
            });
        build.entries += 1;
        if build.sample.is_empty() {
            build.sample = key.name.clone();
        }
        if let Some(at_ms) = rendered_at_ms {
            build.at_ms = Some(build.at_ms.map_or(at_ms, |known| known.max(at_ms)));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_prefix.len()
    }

    /// The builds that have entries or a record, each once.
    pub(super) fn into_vec(self) -> Vec<Build> {
        let mut by_id: BTreeMap<String, Build> = BTreeMap::new();
        for build in self.by_prefix.into_values() {
            match by_id.get_mut(&build.id) {
                Some(known) => known.join(build),
                None => {
                    by_id.insert(build.id.clone(), build);
                }
            }
        }
        by_id.into_values().collect()
    }

    /// The key prefix and the id of an entry's build.
    fn build_of(&self, key: &str) -> Option<(String, String)> {
        let logical = key.strip_prefix(&self.entry_prefix)?;
        let namespace = NAMESPACES
            .into_iter()
            .find(|namespace| logical.starts_with(namespace))?;
        // A record has the build's id even if that contains a colon and a slash.
        if let Some(build) = self.recorded(key) {
            return Some((build.key_prefixes.concat(), build.id.clone()));
        }
        let rest = &logical[namespace.len()..];
        let end = AFTER_BUILD_ID
            .iter()
            .filter_map(|mark| rest.find(mark))
            .min()?;
        let id = &rest[..end];
        let prefix = [&self.entry_prefix, namespace, id, ":"].concat();
        (!id.is_empty()).then(|| (prefix, id.to_owned()))
    }

    fn recorded(&self, key: &str) -> Option<&Build> {
        // A prefix ends in a colon. The longest one that matches is the build's.
        key.rmatch_indices(':')
            .filter_map(|(at, colon)| self.by_prefix.get(&key[..at + colon.len()]))
            .find(|build| build.record_key.is_some())
    }
}

/// Sorts builds, newest first. Builds of unknown age come last.
pub(super) fn sort_newest_first(builds: &mut [Build]) {
    let age = |build: &Build| build.at_ms.unwrap_or(f64::NEG_INFINITY);
    builds.sort_by(|a, b| age(b).total_cmp(&age(a)));
}

/// When the page of an entry was rendered, if this package has written it.
fn rendered_at_ms(key: &ListedKey) -> Option<f64> {
    let record = key.metadata.as_ref()?.get(RECORD_MEMBER)?.as_str()?;
    Some(EntryRecord::parse(record)?.rendered_at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> ListedKey {
        ListedKey {
            name: name.to_owned(),
            ..ListedKey::default()
        }
    }

    fn record(id: &str, prefix: &str, seeded_at_ms: f64) -> String {
        let record = BuildRecord {
            build_id: id.to_owned(),
            key_prefix: prefix.to_owned(),
            rsc_build_id: None,
            entries: 2,
            seeded_at_ms,
        };
        record.to_json()
    }

    fn found(records: &[String], keys: &[&str]) -> Vec<(String, usize)> {
        let mut builds = Builds::new("cache:");
        for record in records {
            builds.add_record("vinext-seed:build:any", record.as_bytes());
        }
        for key in keys {
            builds.add_entry(&named(key));
        }
        let mut builds = builds.into_vec();
        sort_newest_first(&mut builds);
        let builds = builds.into_iter();
        builds.map(|build| (build.id, build.entries)).collect()
    }

    #[test]
    fn groups_entries_by_build_in_every_key_format() {
        let keys = [
            "cache:app:old:/:html",
            "cache:app:old:/about:rsc",
            "cache:app:v2:new:/:html",
            "cache:app:v2:new:__hash:0123456789abcdef:html",
            "cache:pages:v2:new:/posts/a",
        ];
        let expected = [("new", 3), ("old", 2)];
        assert_eq!(
            found(&[], &keys),
            expected.map(|(id, n)| (id.to_owned(), n))
        );
    }

    #[test]
    fn ignores_other_keys() {
        let keys = [
            "cache:__hash:0123456789abcdef",
            "cache:fetch:0123",
            "cache:unstable_cache:[\"app:\",\"x:/y\"]",
            "cache:use-cache:app:x:/",
            "cache:app:/about:html",
            "cache:app:v2:/about:html",
            "cache:app:nothing-more",
            "cache:application:x:/y",
            "__tag:app:old:/",
            "shop:cache:app:old:/:html",
            "vinext-seed:build:old",
        ];
        for key in keys {
            let builds = found(&[], &[key]);
            assert!(builds.is_empty(), "{key}: {builds:?}");
        }
    }

    #[test]
    fn a_record_resolves_an_id_that_looks_like_a_pathname() {
        let id = "feature:/x";
        let records = [record(id, "cache:app:v2:feature:/x:", 5.0)];
        let keys = [
            "cache:app:v2:feature:/x:/:html",
            "cache:app:v2:feature:/y:html",
        ];
        let expected = vec![(id.to_owned(), 1), ("feature".to_owned(), 1)];
        assert_eq!(found(&records, &keys), expected);
    }

    #[test]
    fn ignores_records_of_other_keys() {
        for prefix in [
            "cache:fetch:b1:",
            "__tag:b1:",
            "cache:app:v2:other:",
            "cache:",
            "cache:app:v2:",
        ] {
            assert_eq!(found(&[record("b1", prefix, 1.0)], &[]), [], "{prefix}");
        }
    }

    #[test]
    fn the_newest_comes_first_and_unknown_ages_last() {
        let records = [
            record("a", "cache:app:v2:a:", 1.0),
            record("b", "cache:app:v2:b:", 2.0),
        ];
        let ids: Vec<_> = found(&records, &["cache:app:v2:0:/:html"])
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(ids, ["b", "a", "0"]);
    }
}
