//! The envelope of the API's replies.
//!
//! In: the body of a reply, whoever wrote it. Out: what it says, if it is an envelope.
//! Never: an error over a member that is missing, `null` or of another type. Only `success` makes
//! an envelope; everything else is worth having and not worth failing for.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// What a reply of the API says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Envelope {
    pub(super) success: bool,
    pub(super) errors: Vec<ApiError>,
    /// The keys that are not stored and should be sent again.
    pub(super) unsuccessful_keys: HashSet<String>,
    /// How many pairs are stored, where it is told.
    pub(super) stored_pairs: Option<u64>,
}

/// One error of a reply.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ApiError {
    /// Cloudflare's number; 0 where there is none.
    pub(super) code: i64,
    pub(super) message: String,
}

impl Envelope {
    /// Reads a body. `None` if it is no envelope.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let reply: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let success = reply.get("success")?.as_bool()?;
        let errors = reply.get("errors").and_then(Value::as_array);
        // `result` is `null` in most errors, and in some successes.
        let result = reply.get("result");
        let unsuccessful = result.and_then(|result| result.get("unsuccessful_keys")?.as_array());
        Some(Self {
            success,
            errors: errors
                .into_iter()
                .flatten()
                .filter_map(ApiError::read)
                .collect(),
            unsuccessful_keys: unsuccessful
                .into_iter()
                .flatten()
                .filter_map(|key| key.as_str().map(str::to_owned))
                .collect(),
            stored_pairs: result.and_then(|result| result.get("successful_key_count")?.as_u64()),
        })
    }

    /// Whether one of the errors has one of these codes.
    pub(super) fn has_code(&self, codes: &[i64]) -> bool {
        self.errors.iter().any(|error| codes.contains(&error.code))
    }

    /// Whether one of the errors has these words, given in lower case.
    pub(super) fn tells(&self, words: &str) -> bool {
        let mut messages = self.errors.iter().map(|error| error.message.to_lowercase());
        messages.any(|message| message.contains(words))
    }

    /// The errors on one line.
    pub(super) fn describe(&self) -> String {
        let texts = self.errors.iter().map(|error| match error.code {
            0 => error.message.clone(),
            code => format!("{} [code: {code}]", error.message),
        });
        texts.collect::<Vec<_>>().join("; ")
    }
}

impl ApiError {
    fn read(error: &Value) -> Option<Self> {
        if let Some(message) = error.as_str() {
            let message = message.to_owned();
            return Some(Self { code: 0, message });
        }
        let error = error.as_object()?;
        let code = error.get("code").map_or(0, |code| match code {
            Value::String(text) => text.parse().unwrap_or(0),
            other => other.as_i64().unwrap_or(0),
        });
        let message = error.get("message").and_then(Value::as_str);
        Some(Self {
            code,
            message: message.unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(reply: &Value) -> Option<Envelope> {
        Envelope::parse(reply.to_string().as_bytes())
    }

    #[test]
    fn only_success_makes_an_envelope() {
        for body in ["", "null", "[]", "{}", "<html>", r#"{"success":"true"}"#] {
            assert_eq!(Envelope::parse(body.as_bytes()), None, "{body}");
        }
        let bare = parse(&json!({ "success": true })).unwrap();
        assert_eq!(
            bare,
            Envelope {
                success: true,
                ..Envelope::default()
            }
        );
    }

    #[test]
    fn a_result_may_be_null() {
        let reply = json!({ "success": true, "errors": null, "messages": null, "result": null });
        assert!(parse(&reply).unwrap().unsuccessful_keys.is_empty());
    }

    #[test]
    fn errors_come_in_several_shapes() {
        let reply = json!({ "success": false, "errors": [
            { "code": 10000, "message": "Authentication error", "error_chain": [{}] },
            { "code": "971" }, "plain text", { "message": null }, 7, null,
        ] });
        let envelope = parse(&reply).unwrap();
        assert_eq!(
            envelope.describe(),
            "Authentication error [code: 10000];  [code: 971]; plain text; "
        );
        assert!(envelope.has_code(&[971]) && !envelope.has_code(&[7]));
    }

    #[test]
    fn counts_and_keys_are_read_where_they_are_told() {
        let reply = json!({ "success": true, "result": {
            "successful_key_count": 2, "unsuccessful_keys": ["a", "b", 3],
        } });
        let envelope = parse(&reply).unwrap();
        assert_eq!(envelope.stored_pairs, Some(2));
        assert_eq!(
            envelope.unsuccessful_keys,
            HashSet::from(["a".into(), "b".into()])
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        let name = prop_oneof![
            Just("success".to_owned()),
            Just("errors".to_owned()),
            Just("result".to_owned()),
            Just("code".to_owned()),
            Just("message".to_owned()),
            Just("unsuccessful_keys".to_owned()),
            Just("successful_key_count".to_owned()),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(body: Vec<u8>) {
            let _ = Envelope::parse(&body);
        }

        #[test]
        fn whatever_the_members_are_success_decides(reply in any_json()) {
            let success = reply.get("success").and_then(Value::as_bool);
            let envelope = parse(&reply);
            prop_assert_eq!(envelope.as_ref().map(|envelope| envelope.success), success);
            if let Some(keys) = reply.pointer("/result/unsuccessful_keys").and_then(Value::as_array)
                && let Some(envelope) = envelope
            {
                for key in keys.iter().filter_map(Value::as_str) {
                    prop_assert!(envelope.unsuccessful_keys.contains(key));
                }
            }
        }
    }
}
