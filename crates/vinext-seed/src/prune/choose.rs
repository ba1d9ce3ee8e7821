//! Decides which builds are deleted. Pure: it uses neither clock nor store.

use super::builds::Build;
use super::evidence::Live;

/// What happens to a build's entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// They are kept, for this reason.
    Kept(Kept),
    /// They are deleted.
    Deleted,
}

/// Why a build's entries are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kept {
    /// It is the build in `dist`.
    InDist,
    /// The deployed Worker shows its id.
    Live,
    /// It is one of the newest builds.
    Newest,
    /// It is younger than the age limit.
    Young,
    /// Its age is unknown.
    UnknownAge,
    /// Its id cannot be distinguished from that of a build that is kept.
    Ambiguous,
    /// The live build is unknown, so nothing may be deleted.
    Unsure,
}

impl Kept {
    /// The reason as the end of a sentence that starts with "kept because".
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::InDist => "it is the build in dist",
            Self::Live => "the deployed Worker shows its id",
            Self::Newest => "it is one of the newest builds",
            Self::Young => "it is younger than the age limit",
            Self::UnknownAge => "its age is unknown",
            Self::Ambiguous => "its id cannot be distinguished from that of a build that is kept",
            Self::Unsure => "the live build is unknown",
        }
    }
}

/// The rule that decides.
#[derive(Clone, Debug)]
pub(super) struct Rule<'a> {
    pub(super) dist_build_id: Option<&'a str>,
    pub(super) live: &'a Live,
    pub(super) keep: usize,
    /// Builds that are younger than this are kept.
    pub(super) before_ms: Option<f64>,
}

/// Decides what happens to each build. `builds` are sorted, newest first.
pub(super) fn choose(builds: &[Build], rule: &Rule<'_>) -> Vec<Fate> {
    let is_dist = |build: &Build| rule.dist_build_id == Some(build.id.as_str());
    let mut newer_with_entries = 0;
    let mut fates: Vec<_> = builds
        .iter()
        .enumerate()
        .map(|(position, build)| {
            // The record of a build without entries does not count among the newest.
            let rank = newer_with_entries;
            newer_with_entries += usize::from(build.entries > 0);
            if is_dist(build) {
                Fate::Kept(Kept::InDist)
            } else if rule.live.builds[position] {
                Fate::Kept(Kept::Live)
            } else if !rule.live.is_known {
                Fate::Kept(Kept::Unsure)
            } else if rank < rule.keep {
                Fate::Kept(Kept::Newest)
            } else {
                match (build.at_ms, rule.before_ms) {
                    (None, _) => Fate::Kept(Kept::UnknownAge),
                    (Some(at_ms), Some(before_ms)) if at_ms > before_ms => Fate::Kept(Kept::Young),
                    _ => Fate::Deleted,
                }
            }
        })
        .collect();
    // "a:/b" has keys that look like those of a page "/b:…" of a build "a".
    let kept: Vec<_> = builds
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| **fate != Fate::Deleted)
        .flat_map(|(build, _)| build.key_prefixes.clone())
        .chain(rule.dist_build_id.map(str::to_owned))
        .collect();
    for (build, fate) in builds.iter().zip(&mut fates) {
        let is_within = |prefix: &String| {
            let of_build = |own: &String| prefix.starts_with(own);
            build.key_prefixes.iter().any(of_build) || prefix.starts_with(&format!("{}:", build.id))
        };
        if *fate == Fate::Deleted && kept.iter().any(is_within) {
            *fate = Fate::Kept(Kept::Ambiguous);
        }
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builds(ids: &[(&str, Option<f64>)]) -> Vec<Build> {
        let of = |&(id, at_ms): &(&str, Option<f64>)| Build {
            id: id.to_owned(),
            key_prefixes: vec![format!("cache:app:v2:{id}:")],
            entries: 1,
            at_ms,
            sample: String::new(),
            record_key: None,
            rsc_build_id: None,
        };
        ids.iter().map(of).collect()
    }

    fn fates(
        ids: &[(&str, Option<f64>)],
        live: &[bool],
        (dist, keep, before_ms): (Option<&str>, usize, Option<f64>),
    ) -> Vec<Fate> {
        let live = Live {
            builds: live.to_vec(),
            is_known: dist.is_some() || live.contains(&true),
        };
        let rule = Rule {
            dist_build_id: dist,
            live: &live,
            keep,
            before_ms,
        };
        choose(&builds(ids), &rule)
    }

    #[test]
    fn deletes_only_old_builds_neither_live_nor_in_dist() {
        let ids = [
            ("e", Some(5.0)),
            ("d", Some(4.0)),
            ("c", Some(3.0)),
            ("b", Some(2.0)),
            ("a", Some(1.0)),
            ("?", None),
        ];
        let live = [false, false, true, false, false, false];
        let expected = [
            Fate::Kept(Kept::Newest),
            Fate::Kept(Kept::InDist),
            Fate::Kept(Kept::Live),
            Fate::Deleted,
            Fate::Deleted,
            Fate::Kept(Kept::UnknownAge),
        ];
        assert_eq!(fates(&ids, &live, (Some("d"), 2, None)), expected);
        let young = fates(&ids, &live, (Some("d"), 1, Some(1.5)));
        assert_eq!(young[3..5], [Fate::Kept(Kept::Young), Fate::Deleted]);
    }

    #[test]
    fn deletes_nothing_if_the_live_build_is_unknown() {
        let ids = [("b", Some(2.0)), ("a", Some(1.0))];
        let fates = fates(&ids, &[false, false], (None, 1, None));
        assert!(fates.iter().all(|fate| *fate == Fate::Kept(Kept::Unsure)));
    }

    #[test]
    fn keeps_a_build_with_ambiguous_keys() {
        let ids = [("x", Some(2.0)), ("feature", Some(1.0))];
        let fates = fates(&ids, &[true, false], (Some("feature:/x"), 1, None));
        assert_eq!(fates[1], Fate::Kept(Kept::Ambiguous));
    }
}
