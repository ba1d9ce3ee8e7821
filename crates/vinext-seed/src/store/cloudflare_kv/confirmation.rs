//! Which entries of a bulk request Cloudflare confirms.
//!
//! Invariant: an entry counts as stored only if the reply says so and nothing in the reply
//! contradicts it. Everything else is sent again, and is in doubt if retries fail.

use std::collections::HashSet;

use serde_json::Value;

use super::envelope::Envelope;
use super::reply::Classifier;
use crate::pack::Batch;
use crate::store::{Outcome, RequestError, RequestErrorKind, StoreError, Stored};

/// What a reply says about the entries of a request.
#[derive(Debug, Eq, PartialEq)]
enum Confirmation {
    /// All of them.
    All,
    /// All but these.
    AllBut(HashSet<String>),
}

/// Classifies the reply to a bulk write.
pub(super) fn classify_stored(classifier: &Classifier<'_>, batch: &Batch) -> Outcome<Stored> {
    let keys = || batch.keys().collect();
    classify(classifier, batch.pairs(), keys).map(|(confirmation, envelope)| match confirmation {
        Confirmation::All => Stored::All,
        Confirmation::AllBut(keys) => {
            let error = not_confirmed(classifier, &envelope, keys.len(), batch.pairs());
            Stored::AllBut(keys, RequestErrorKind::Transient.because(error))
        }
    })
}

/// Classifies the reply to a bulk delete.
pub(super) fn classify_deleted(classifier: &Classifier<'_>, keys: &[String]) -> Outcome<()> {
    let all = || keys.iter().cloned().collect();
    let outcome = classify(classifier, keys.len(), all);
    Outcome {
        pause: outcome.pause,
        result: match outcome.result {
            Ok((Confirmation::All, _)) => Ok(()),
            Ok((Confirmation::AllBut(failed), envelope)) => {
                let error = not_confirmed(classifier, &envelope, failed.len(), keys.len());
                Err(RequestErrorKind::Transient.because(error))
            }
            Err(failure) => Err(failure),
        },
    }
}

fn not_confirmed(
    classifier: &Classifier<'_>,
    envelope: &Envelope,
    failed: usize,
    entries: usize,
) -> StoreError {
    let message = format!(
        "{}: Cloudflare reports that {failed} of {entries} entries failed",
        classifier.name()
    );
    classifier.error("KV_PARTLY_STORED", message, envelope)
}

fn classify(
    classifier: &Classifier<'_>,
    entries: usize,
    keys: impl FnOnce() -> HashSet<String>,
) -> Outcome<(Confirmation, Envelope)> {
    let outcome = classifier.classify();
    Outcome {
        pause: outcome.pause,
        result: outcome.result.and_then(|envelope| {
            if classifier.reply.is_early {
                let what = "before the request was sent completely";
                return Err(classifier.unexpected(&envelope, what));
            }
            match confirmation(&envelope.result, entries, keys) {
                Ok(confirmation) => Ok((confirmation, envelope)),
                Err(contradiction) => Err(in_doubt(classifier, &envelope, &contradiction)),
            }
        }),
    }
}

fn in_doubt(classifier: &Classifier<'_>, envelope: &Envelope, contradiction: &str) -> RequestError {
    let message = format!("{}: {contradiction}", classifier.name());
    let error = classifier.error("KV_PARTLY_STORED", message, envelope);
    RequestErrorKind::UnexpectedReply.because(error.may_be_stored(true))
}

/// Reads the `result` of a success: `null`, or an object with `successful_key_count` and
/// `unsuccessful_keys`, each of which may be missing. What does not add up is an error.
fn confirmation(
    result: &Value,
    entries: usize,
    keys: impl FnOnce() -> HashSet<String>,
) -> Result<Confirmation, String> {
    let failed = match result.get("unsuccessful_keys") {
        None | Some(Value::Null) => HashSet::new(),
        Some(Value::Array(failed)) => failed
            .iter()
            .map(|key| key.as_str().map(str::to_owned))
            .collect::<Option<HashSet<_>>>()
            .ok_or("Cloudflare reports failed entries without their keys")?,
        Some(_) => return Err("Cloudflare reports failed entries without their keys".to_owned()),
    };
    if !failed.is_empty() && !failed.is_subset(&keys()) {
        return Err("Cloudflare reports keys that were not sent".to_owned());
    }
    let confirmed = match result.get("successful_key_count") {
        None | Some(Value::Null) => None,
        Some(count) => Some(count.as_u64().ok_or("Cloudflare's count is not a number")?),
    };
    let expected = entries - failed.len();
    if let Some(confirmed) = confirmed
        && confirmed != expected as u64
    {
        return Err(format!(
            "Cloudflare confirmed {confirmed} entries where {expected} were expected"
        ));
    }
    if failed.is_empty() {
        Ok(Confirmation::All)
    } else {
        Ok(Confirmation::AllBut(failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(result: &Value) -> Result<Confirmation, String> {
        let keys = ["a", "b", "c"].map(str::to_owned);
        confirmation(result, keys.len(), || HashSet::from(keys))
    }

    fn all_but(keys: &[&str]) -> Result<Confirmation, String> {
        Ok(Confirmation::AllBut(
            keys.iter().map(ToString::to_string).collect(),
        ))
    }

    #[test]
    fn accepts_a_consistent_result() {
        for result in [
            json!(null),
            json!({}),
            json!({ "successful_key_count": null, "unsuccessful_keys": null }),
            json!({ "successful_key_count": 3 }),
            json!({ "successful_key_count": 3, "unsuccessful_keys": [] }),
        ] {
            assert_eq!(of(&result), Ok(Confirmation::All), "{result}");
        }
        for (result, keys) in [
            (json!({ "unsuccessful_keys": ["b"] }), &["b"][..]),
            (json!({ "unsuccessful_keys": ["b", "b"] }), &["b"]),
            (
                json!({ "successful_key_count": 1, "unsuccessful_keys": ["a", "c"] }),
                &["a", "c"],
            ),
            (
                json!({ "successful_key_count": 0, "unsuccessful_keys": ["a", "b", "c"] }),
                &["a", "b", "c"],
            ),
        ] {
            assert_eq!(of(&result), all_but(keys), "{result}");
        }
    }

    #[test]
    fn an_inconsistent_result_is_in_doubt() {
        for (result, why) in [
            (json!({ "successful_key_count": 2 }), "confirmed 2"),
            (json!({ "successful_key_count": 0 }), "confirmed 0"),
            (json!({ "successful_key_count": 4 }), "confirmed 4"),
            (json!({ "successful_key_count": -1 }), "not a number"),
            (json!({ "successful_key_count": "3" }), "not a number"),
            (json!({ "successful_key_count": 2.5 }), "not a number"),
            (
                json!({ "successful_key_count": 3, "unsuccessful_keys": ["a"] }),
                "confirmed 3",
            ),
            (json!({ "unsuccessful_keys": ["x"] }), "not sent"),
            (json!({ "unsuccessful_keys": ["a", "x"] }), "not sent"),
            (
                json!({ "unsuccessful_keys": ["a", 7] }),
                "without their keys",
            ),
            (json!({ "unsuccessful_keys": [null] }), "without their keys"),
            (json!({ "unsuccessful_keys": "a" }), "without their keys"),
            (
                json!({ "unsuccessful_keys": { "a": 1 } }),
                "without their keys",
            ),
        ] {
            let error = of(&result).unwrap_err();
            assert!(error.contains(why), "{result}: {error}");
        }
    }
}
