//! Finds the data of a page of the Pages Router in its document, and decides by it whether the page may be
//! seeded.
//!
//! The build writes no file for the data, but the document contains it: the browser hydrates the page with
//! it. `JSON.stringify` wrote it, and vinext escaped `<`, `>` and `&`, so the script ends at the first `<`.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::plan::{PageDataCheck, PlannedEntry, SkipReason};
use crate::sanitized_text::SanitizedText;

/// What the script's opening tag contains, as vinext 1.4.0's `server/pages-page-response` writes it.
const SCRIPT_ID: &[u8] = b"<script id=\"__NEXT_DATA__\"";

/// The relevant part of the script's content.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NextData<'a> {
    /// The props of `_app`, the page's own among them.
    #[serde(borrow)]
    props: &'a RawValue,
    #[serde(borrow)]
    page: Cow<'a, str>,
    #[serde(borrow)]
    build_id: Cow<'a, str>,
    /// Whether it is the shell for paths that the build did not render.
    #[serde(default)]
    is_fallback: bool,
    /// Whether the page has `getStaticProps`. The runtime looks up no other pages.
    #[serde(default)]
    gsp: bool,
    /// Whether it has `getInitialProps`.
    #[serde(default)]
    gip: bool,
    /// Whether `_app` has.
    #[serde(default)]
    app_gip: bool,
    #[serde(borrow)]
    locale: Option<Cow<'a, str>>,
    domain_locales: Option<&'a RawValue>,
}

/// The data of a page, as JSON.
///
/// # Errors
/// The reason why the route is skipped.
pub(super) fn page_data<'a>(
    check: &PageDataCheck,
    entry: &PlannedEntry,
    document: &'a [u8],
) -> Result<&'a [u8], SkipReason> {
    let missing = |problem: &str| SkipReason::NoPageData {
        file: entry.file.clone(),
        problem: SanitizedText::new(problem),
    };
    let text = simdutf8::basic::from_utf8(document).map_err(|_| missing("is not UTF-8"))?;
    let json = script(text).map_err(missing)?;
    let data: NextData<'a> = serde_json::from_str(json)
        .map_err(|error| missing(&format!("has page data that does not parse: {error}")))?;
    let is_of = |page: &str| data.page == page;
    if data.is_fallback {
        return Err(SkipReason::FallbackShell);
    }
    if !data.gsp {
        return Err(if data.gip || data.app_gip {
            SkipReason::InitialProps
        } else if is_of("/404") || is_of("/_error") {
            SkipReason::ErrorPage
        } else {
            SkipReason::NoStaticProps
        });
    }
    if !is_of(&check.page) || data.locale.as_deref() != check.locale.as_deref() {
        return Err(SkipReason::OtherPageData {
            file: entry.file.clone(),
            page: SanitizedText::new(&data.page),
        });
    }
    if data.build_id != check.build_id {
        return Err(missing("was rendered by another build"));
    }
    if data
        .domain_locales
        .is_some_and(|domains| domains.get() != "[]")
    {
        return Err(SkipReason::DomainLocales);
    }
    if !data.props.get().starts_with('{') {
        return Err(missing("has page data without props"));
    }
    Ok(data.props.get().as_bytes())
}

/// The text of the only script with page data.
fn script(document: &str) -> Result<&str, &'static str> {
    let mut found = memmem::find_iter(document.as_bytes(), SCRIPT_ID);
    let at = found.next().ok_or("has no page data (`__NEXT_DATA__`)")?;
    if found.next().is_some() {
        return Err("has page data (`__NEXT_DATA__`) more than once");
    }
    let (_, tag) = document.split_at(at + SCRIPT_ID.len());
    let inside = tag.split_once('>').map(|(_, inside)| inside);
    inside
        .and_then(|inside| inside.split_once('<'))
        .filter(|(_, end)| end.starts_with("/script"))
        .map(|(json, _)| json)
        .ok_or("has page data (`__NEXT_DATA__`) without an end")
}

#[cfg(test)]
mod tests;
