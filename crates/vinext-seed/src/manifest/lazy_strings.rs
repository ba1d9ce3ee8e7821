//! Strings of the manifest.
//!
//! In: raw JSON. Out: text, borrowed where that can be.
//! Never: work before somebody asks.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::route::RouteError;

/// A JSON string's content, borrowed where it has no escapes. `None` for anything else, lone
/// surrogates included: no request can carry one, so no page is ever looked up with it.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    let content = json.strip_prefix('"')?.strip_suffix('"')?;
    if content.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(content))
    }
}

/// An array of strings that is not taken apart before somebody asks: most are looked at once, when
/// their route is packed.
#[derive(Clone, Copy, Debug, Default)]
pub struct LazyStrings<'a>(Option<&'a RawValue>);

impl<'a> LazyStrings<'a> {
    pub(super) fn of(name: &'static str, raw: Option<&'a RawValue>) -> Result<Self, RouteError> {
        match raw.map(RawValue::get) {
            None | Some("null") => Ok(Self(None)),
            Some(json) if json.starts_with('[') => Ok(Self(raw)),
            Some(_) => Err(RouteError::Field {
                name,
                expected: "an array",
            }),
        }
    }

    /// The strings; what is in the array besides is dropped, as the runtime does.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'a, str>> {
        // It is an array, or parsing the route had failed.
        let items: Option<Vec<&'a RawValue>> =
            self.0.and_then(|raw| serde_json::from_str(raw.get()).ok());
        items.unwrap_or_default().into_iter().filter_map(text)
    }
}
