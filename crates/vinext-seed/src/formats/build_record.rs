//! The record that a run stores with a build's entries, so that later runs can identify builds and their age.
//!
//! It is a separate entry whose key no KV adapter reads: adapters use `cache:` and `__tag:` after the
//! `appPrefix`.

use serde_json::{Value, json};

/// The category in the key of a record.
pub(super) const RECORD_CATEGORY: &str = "vinext-seed:build:";

/// The version of the record's format. It increases with every change of meaning.
const FORM: u64 = 1;

/// A run's record of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildRecord {
    /// The build id.
    pub build_id: String,
    /// The prefix of the build's keys.
    pub key_prefix: String,
    /// The value of `X-Vinext-RSC-Build-Id` in the Worker's responses, if it sends one (vinext 1.4.0).
    pub rsc_build_id: Option<String>,
    /// How many entries were stored when the run ended.
    pub entries: usize,
    /// When the run ended, in milliseconds since the epoch.
    pub seeded_at_ms: f64,
}

impl BuildRecord {
    /// The record as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut record = json!({
            "form": FORM,
            "buildId": self.build_id,
            "keyPrefix": self.key_prefix,
            "entries": self.entries,
            "seededAt": self.seeded_at_ms.round(),
        });
        if let Some(id) = &self.rsc_build_id {
            record["rscBuildId"] = id.as_str().into();
        }
        record.to_string()
    }

    /// Parses a record; `None` if it has another version or is not a record.
    #[must_use]
    pub fn parse(record: &[u8]) -> Option<Self> {
        let record: Value = serde_json::from_slice(record).ok()?;
        if record.get("form")?.as_u64()? != FORM {
            return None;
        }
        let text = |member: &str| {
            record
                .get(member)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Some(Self {
            build_id: text("buildId").filter(|id| !id.is_empty())?,
            key_prefix: text("keyPrefix").filter(|prefix| !prefix.is_empty())?,
            rsc_build_id: text("rscBuildId").filter(|id| !id.is_empty()),
            entries: usize::try_from(record.get("entries")?.as_u64()?).ok()?,
            seeded_at_ms: record.get("seededAt")?.as_f64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> BuildRecord {
        BuildRecord {
            build_id: "b1".to_owned(),
            key_prefix: "cache:app:v2:b1:".to_owned(),
            rsc_build_id: Some("a49c".to_owned()),
            entries: 14,
            seeded_at_ms: 1_700_000_000_000.0,
        }
    }

    #[test]
    fn round_trips() {
        let with = record();
        assert_eq!(BuildRecord::parse(with.to_json().as_bytes()), Some(with));
        let without = BuildRecord {
            rsc_build_id: None,
            ..record()
        };
        let json = without.to_json();
        assert_eq!(BuildRecord::parse(json.as_bytes()), Some(without));
    }

    #[test]
    fn rejects_other_values() {
        let json: Value = serde_json::from_str(&record().to_json()).unwrap();
        for (member, wrong) in [
            ("form", json!(2)),
            ("form", Value::Null),
            ("buildId", json!("")),
            ("keyPrefix", json!(7)),
            ("entries", json!(-1)),
            ("seededAt", json!("now")),
        ] {
            let mut other = json.clone();
            other[member] = wrong;
            let text = other.to_string();
            assert_eq!(BuildRecord::parse(text.as_bytes()), None, "{text}");
        }
        for text in ["", "null", "[]", "{}", "cache"] {
            assert_eq!(BuildRecord::parse(text.as_bytes()), None, "{text}");
        }
    }
}
