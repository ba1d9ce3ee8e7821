//! Strings of the manifest that are parsed on demand.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A JSON string's content, borrowed if it has no escapes. `None` for anything else, lone
/// surrogates included: no request can carry one, so no page is ever looked up with it.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    let content = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', content.as_bytes()).is_some() {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(content))
    }
}

/// An array of strings that is parsed on demand: most are read once, when their route is packed.
#[derive(Clone, Copy, Debug, Default)]
pub struct LazyStrings<'a>(Option<&'a RawValue>);

impl<'a> LazyStrings<'a> {
    /// The strings of an array; empty if it is missing or null, `None` if `raw` is anything else.
    pub(super) fn of(raw: Option<&'a RawValue>) -> Option<Self> {
        match raw.map(RawValue::get) {
            None | Some("null") => Some(Self(None)),
            Some(json) if json.starts_with('[') => Some(Self(raw)),
            Some(_) => None,
        }
    }

    /// The strings. Other elements are dropped, as in the runtime.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'a, str>> {
        // It is valid JSON, because the route has been parsed.
        let items: Option<Vec<&'a RawValue>> =
            self.0.and_then(|raw| serde_json::from_str(raw.get()).ok());
        items.unwrap_or_default().into_iter().filter_map(text)
    }
}
