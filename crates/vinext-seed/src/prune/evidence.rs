//! Determines which of the known builds is live, from the code or the responses of the deployed Worker.

use super::builds::Build;

/// Evidence of the live build.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Evidence {
    /// The Worker's code, which contains its build id in every version of vinext.
    Code(String),
    /// A response of the live site: the values of its headers, and the body.
    Answer(String),
}

impl Evidence {
    fn text(&self) -> &str {
        match self {
            Self::Code(text) | Self::Answer(text) => text,
        }
    }
}

/// The builds that are live according to the evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Live {
    /// Whether each build is live, by position.
    pub(super) builds: Vec<bool>,
    /// Whether the evidence shows any known build: one that has entries, or the one in `dist`.
    pub(super) is_known: bool,
}

impl Live {
    /// Searches the evidence for build ids. An id that occurs by chance keeps a build that is not live, which
    /// does no harm.
    pub(super) fn find(
        evidence: &[Evidence],
        builds: &[Build],
        dist_build_id: Option<&str>,
        dist_rsc_build_id: Option<&str>,
    ) -> Self {
        let shows = |id: &str| evidence.iter().any(|one| shows(one.text(), id));
        let flags: Vec<_> = builds
            .iter()
            .map(|build| shows(&build.id) || build.rsc_build_id.as_deref().is_some_and(shows))
            .collect();
        let is_dist = [dist_build_id, dist_rsc_build_id]
            .into_iter()
            .flatten()
            .any(shows);
        Self {
            is_known: is_dist || flags.contains(&true),
            builds: flags,
        }
    }
}

/// Whether a text contains an id, as JavaScript or JSON may quote it.
fn shows(text: &str, id: &str) -> bool {
    if id.is_empty() {
        return false;
    }
    let quoted = serde_json::Value::from(id).to_string();
    text.contains(id) || text.contains(quoted.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(id: &str, rsc: Option<&str>) -> Build {
        Build {
            id: id.to_owned(),
            key_prefixes: vec![format!("cache:app:v2:{id}:")],
            entries: 1,
            at_ms: None,
            sample: String::new(),
            record_key: None,
            rsc_build_id: rsc.map(str::to_owned),
        }
    }

    fn found(text: &str, dist: Option<&str>) -> (Vec<bool>, bool) {
        let builds = [build("b-1", None), build("b\"2", Some("feed"))];
        let live = Live::find(&[Evidence::Code(text.to_owned())], &builds, dist, None);
        (live.builds, live.is_known)
    }

    #[test]
    fn a_build_is_live_if_code_or_responses_contain_its_id() {
        assert_eq!(found("var id=`b-1`;", None), (vec![true, false], true));
        assert_eq!(found(r#"var id="b\"2";"#, None), (vec![false, true], true));
        assert_eq!(found("x-vinext: feed", None), (vec![false, true], true));
    }

    #[test]
    fn unknown_if_no_known_build_is_found() {
        assert_eq!(found("var id=`b-3`;", None), (vec![false, false], false));
        assert_eq!(
            found("var id=`b-3`;", Some("b-3")),
            (vec![false, false], true)
        );
        assert_eq!(found("", Some("")), (vec![false, false], false));
    }
}
