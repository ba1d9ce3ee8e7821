//! Pages of keys.

use serde_json::Value;

use super::envelope::Envelope;
use super::reply::Classifier;
use crate::store::{KeyPage, ListedKey, Outcome};

/// The most keys on a page (Cloudflare API, "List a namespace's keys").
pub(super) const KEYS_PER_PAGE: usize = 1000;

/// Classifies the reply to a request for keys.
pub(super) fn classify(classifier: &Classifier<'_>) -> Outcome<KeyPage> {
    let outcome = classifier.classify();
    Outcome {
        pause: outcome.pause,
        result: outcome.result.and_then(|mut envelope| {
            page(&mut envelope)
                .ok_or_else(|| classifier.unexpected(&envelope, "without a list of keys"))
        }),
    }
}

/// Reads a page. One unreadable key makes the page useless: a caller that lists keys to delete them, or
/// to learn what is stored, would miss it.
fn page(envelope: &mut Envelope) -> Option<KeyPage> {
    let keys = envelope.result.as_array_mut()?.iter_mut().map(|key| {
        let metadata = key.get_mut("metadata").map(Value::take);
        Some(ListedKey {
            name: key.get("name")?.as_str()?.to_owned(),
            expires_at_seconds: key.get("expiration").and_then(Value::as_u64),
            metadata: metadata.filter(|value| !value.is_null()),
        })
    });
    let cursor = envelope.result_info.get("cursor").and_then(Value::as_str);
    Some(KeyPage {
        keys: keys.collect::<Option<_>>()?,
        // The last page has an empty cursor.
        cursor: cursor
            .filter(|cursor| !cursor.is_empty())
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Option<KeyPage> {
        page(&mut Envelope::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn reads_names_expirations_metadata_and_the_cursor() {
        let body = r#"{"success":true,"result":[
            {"name":"a","expiration":1900000000,"metadata":{"tags":["t"]}},
            {"name":"b","metadata":null}
        ],"result_info":{"count":2,"cursor":"next"}}"#;
        let tags = serde_json::json!({ "tags": ["t"] });
        let expected = KeyPage {
            keys: vec![
                ListedKey {
                    name: "a".to_owned(),
                    expires_at_seconds: Some(1_900_000_000),
                    metadata: Some(tags),
                },
                ListedKey {
                    name: "b".to_owned(),
                    ..ListedKey::default()
                },
            ],
            cursor: Some("next".to_owned()),
        };
        assert_eq!(of(body), Some(expected));
    }

    #[test]
    fn an_empty_or_missing_cursor_is_the_end() {
        for info in [r#"{"cursor":""}"#, "{}", "null", r#"{"cursor":null}"#] {
            let body = format!(r#"{{"success":true,"result":[],"result_info":{info}}}"#);
            assert_eq!(of(&body), Some(KeyPage::default()), "{info}");
        }
    }

    #[test]
    fn rejects_a_page_with_an_unreadable_key() {
        for result in [
            "null",
            "{}",
            r#"["a"]"#,
            r#"[{"name":7}]"#,
            r#"[{"name":"a"},{}]"#,
        ] {
            let body = format!(r#"{{"success":true,"result":{result}}}"#);
            assert_eq!(of(&body), None, "{result}");
        }
    }
}
