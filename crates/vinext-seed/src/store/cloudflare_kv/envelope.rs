//! The JSON envelope of Cloudflare's replies.
//!
//! Only `success` makes an envelope. Everything else may be missing, `null` or of another type.

use serde_json::{Map, Value};

/// What a reply of the API says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Envelope {
    pub(super) success: bool,
    pub(super) errors: Vec<ApiError>,
    /// Whether the list of errors contains anything, readable or not.
    pub(super) has_errors: bool,
    /// `null` in most errors, and in some successes.
    pub(super) result: Value,
    /// Where the next page of a list is, among other things.
    pub(super) result_info: Value,
}

/// One error of a reply.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ApiError {
    /// Cloudflare's code; 0 if missing.
    pub(super) code: i64,
    /// Untrusted text, neither scrubbed nor sanitized.
    pub(super) message: String,
}

impl Envelope {
    /// Reads a body. `None` if it is not an envelope.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut reply: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let success = reply.get("success")?.as_bool()?;
        let mut take = |name| reply.get_mut(name).map(Value::take).unwrap_or_default();
        let errors = take("errors");
        let (result, result_info) = (take("result"), take("result_info"));
        let has_errors = match &errors {
            Value::Null | Value::Bool(false) => false,
            Value::Array(errors) => !errors.is_empty(),
            Value::Object(errors) => !errors.is_empty(),
            Value::String(error) => !error.is_empty(),
            Value::Bool(true) | Value::Number(_) => true,
        };
        let errors = match errors {
            Value::Array(errors) => errors,
            other => vec![other],
        };
        Some(Self {
            success,
            errors: errors.iter().filter_map(ApiError::read).collect(),
            has_errors,
            result,
            result_info,
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
        if let Some(message) = error.as_str().filter(|message| !message.is_empty()) {
            let message = message.to_owned();
            return Some(Self { code: 0, message });
        }
        let error = error.as_object().filter(|error| !error.is_empty())?;
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
    fn empty_errors_do_not_count() {
        for errors in [json!(null), json!([]), json!({}), json!(""), json!(false)] {
            let envelope = parse(&json!({ "success": true, "errors": errors })).unwrap();
            assert!(
                !envelope.has_errors && envelope.errors.is_empty(),
                "{errors}"
            );
        }
        for errors in [json!([null]), json!("no"), json!({ "code": 1 }), json!(7)] {
            let envelope = parse(&json!({ "success": true, "errors": errors })).unwrap();
            assert!(envelope.has_errors, "{errors}");
        }
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
        fn reads_any_bytes_without_a_panic(body: Vec<u8>) {
            let _ = Envelope::parse(&body);
        }

        #[test]
        fn success_decides_regardless_of_other_members(reply in any_json()) {
            let success = reply.get("success").and_then(Value::as_bool);
            let envelope = parse(&reply);
            prop_assert_eq!(envelope.map(|envelope| envelope.success), success);
        }
    }
}
