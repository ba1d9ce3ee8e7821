//! Determines from a page's payload whether the build rendered the page or something else instead.
//!
//! If an `error.tsx` catches the error of a page, the manifest lists the page like any other, and only its
//! payload shows the error. The rules were measured on builds of every published version from 0.0.35 to 1.4.0
//! (`docs/compatibility.md` has the table). A payload does not show an error in a client component that a
//! Suspense boundary catches; the browser renders the component then, so this is not a failure.

use std::borrow::Cow;

use memchr::memmem;

use super::json_members::members;
use super::rows::{FlightError, Row, RowKind, rows};

/// The page that a payload should contain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected<'a> {
    /// The pathname of the page, decoded.
    pub pathname: &'a str,
    /// Whether the build follows redirects, so that the payload may be another page's.
    pub may_be_other_page: bool,
}

/// What the build rendered under a page's pathname.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Render<'a> {
    /// The page.
    Page,
    /// An error page, or a page in which a part failed under a Suspense boundary.
    Failed {
        /// The error's digest in the build's log, if the payload has it. It has none if
        /// `error.tsx` replaces the whole page.
        digest: Option<Cow<'a, str>>,
    },
    /// The page's metadata called `notFound()` or `redirect()`, but the page itself did not.
    EndedInMetadata,
    /// Another page, to which this one redirects.
    OtherPage {
        /// Its pathname.
        pathname: Cow<'a, str>,
    },
}

/// The longest digest or pathname that is read, in bytes. Pathnames of URLs are far shorter.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Top-level keys of the root that represent a page (since 0.0.45).
const PAGE_KEY: &[u8] = b"page:";

/// The top-level key of the root for the route (since 0.0.45), and the prefix of its value.
const ROUTE_KEY: &[u8] = b"__route";
const ROUTE_PREFIX: &str = "route:";

/// The top-level key of the root for the row that metadata resolves to (1.4.0).
const METADATA_KEY: &[u8] = b"__vinext_streaming_metadata_outlet:";

/// The wrapper of each layout and page up to 0.0.44, and the wrapper of a page.
const CHILD_SEGMENTS: &[u8] = b"\"childSegments\":[";
const NO_CHILD_SEGMENTS: &[u8] = b"\"childSegments\":[]";

/// The element of an `error.tsx`, which healthy pages may contain too, and an element that only a page
/// renders beside its layouts.
const ERROR_ELEMENT: &[u8] = b",null,{\"error\":\"$Z\"}]";
const CHARSET_ELEMENT: &[u8] = b"[\"$\",\"meta\",null,{\"charSet\":\"utf-8\"}]";

/// Part of the head of the not-found document.
const NOINDEX_ELEMENT: &[u8] =
    b"[\"$\",\"meta\",\"robots\",{\"name\":\"robots\",\"content\":\"noindex\"}]";

/// Whether a digest is that of `notFound()`, `redirect()` or the like, which are not failures.
fn is_control_flow(digest: &str) -> bool {
    digest == "NEXT_NOT_FOUND"
        || digest.starts_with("NEXT_HTTP_ERROR_FALLBACK;")
        || digest.starts_with("NEXT_REDIRECT;")
}

/// Determines what the payload of a page with status 200 contains.
///
/// # Errors
/// If it is not a React Flight payload.
pub fn render_of<'a>(
    payload: &'a [u8],
    expected: &Expected<'_>,
) -> Result<Render<'a>, FlightError> {
    let mut root = None;
    let mut has_control_flow = false;
    let mut ends_in_root = false;
    for row in rows(payload) {
        let row = row?;
        match row.kind {
            RowKind::Error => {
                let digest = digest(row.content);
                match &digest {
                    Some(digest) if is_control_flow(digest) => {
                        has_control_flow = true;
                        ends_in_root |= row.id == 0;
                    }
                    _ => return Ok(Render::Failed { digest }),
                }
            }
            RowKind::Model if row.id == 0 && root.is_none() => root = Some(row.content),
            _ => {}
        }
    }
    match root {
        None if ends_in_root => Ok(Render::EndedInMetadata),
        None => Err(FlightError::NoRoot),
        Some(root) if root.starts_with(b"[") => Ok(tree(root, payload, expected)),
        Some(root) => Ok(elements(root, payload, expected, has_control_flow)),
    }
}

/// A root of elements by key (since 0.0.45).
fn elements<'a>(
    root: &'a [u8],
    payload: &'a [u8],
    expected: &Expected<'_>,
    has_control_flow: bool,
) -> Render<'a> {
    let mut has_page = false;
    let mut route = None;
    let mut metadata_row = None;
    for (key, value) in members(root) {
        if key.starts_with(PAGE_KEY) {
            has_page = true;
        } else if key == ROUTE_KEY {
            route = string(value);
        } else if key.starts_with(METADATA_KEY) {
            metadata_row = referenced_row(value);
        }
    }
    if !has_page {
        return without_page(payload);
    }
    // The page's own `redirect()` or `notFound()` gives it a status; here it has none.
    if has_control_flow && metadata_row.is_some_and(|id| is_error_row(payload, id)) {
        return Render::EndedInMetadata;
    }
    match route {
        Some(route) if expected.may_be_other_page => other_page(route, expected),
        _ => Render::Page,
    }
}

/// A root that is the element tree itself (up to 0.0.44).
fn tree<'a>(root: &'a [u8], payload: &'a [u8], expected: &Expected<'_>) -> Render<'a> {
    let has_page = models(payload).any(|model| contains(model, NO_CHILD_SEGMENTS));
    // Layouts at the page's own segment have no child segments either.
    let is_error_page = models(payload).any(|model| contains(model, ERROR_ELEMENT))
        && !models(payload).any(|model| contains(model, CHARSET_ELEMENT));
    if !has_page || is_error_page {
        return without_page(payload);
    }
    if !expected.may_be_other_page {
        return Render::Page;
    }
    match outermost_segments(root) {
        Some(pathname) => compare_pathname(Cow::Owned(pathname), expected),
        None => Render::Page,
    }
}

/// Either an error page or, if the metadata called `notFound()`, the not-found document.
fn without_page(payload: &[u8]) -> Render<'_> {
    if models(payload).any(|model| contains(model, NOINDEX_ELEMENT)) {
        Render::EndedInMetadata
    } else {
        Render::Failed { digest: None }
    }
}

fn other_page<'a>(route: Cow<'a, str>, expected: &Expected<'_>) -> Render<'a> {
    let pathname = match route {
        Cow::Borrowed(route) => route.strip_prefix(ROUTE_PREFIX).map(Cow::Borrowed),
        Cow::Owned(route) => route
            .strip_prefix(ROUTE_PREFIX)
            .map(|pathname| Cow::Owned(pathname.to_owned())),
    };
    pathname.map_or(Render::Page, |pathname| {
        compare_pathname(pathname, expected)
    })
}

fn compare_pathname<'a>(pathname: Cow<'a, str>, expected: &Expected<'_>) -> Render<'a> {
    if pathname.trim_matches('/') == expected.pathname.trim_matches('/') {
        Render::Page
    } else {
        Render::OtherPage { pathname }
    }
}

/// The pathname below the outermost layout: its child segments without route groups and parallel slots.
fn outermost_segments(root: &[u8]) -> Option<String> {
    let start = memmem::find(root, CHILD_SEGMENTS)? + CHILD_SEGMENTS.len() - 1;
    let json = &root[start..root.len().min(start + MAX_TEXT_BYTES)];
    let segments: Vec<Cow<'_, str>> = serde_json::Deserializer::from_slice(json)
        .into_iter()
        .next()?
        .ok()?;
    let mut pathname = String::new();
    for segment in segments {
        let is_group = segment.starts_with('(') && segment.ends_with(')');
        if !is_group && !segment.starts_with('@') && !segment.is_empty() {
            pathname.push('/');
            pathname.push_str(&segment);
        }
    }
    if pathname.is_empty() {
        pathname.push('/');
    }
    Some(pathname)
}

fn models(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    rows(payload)
        .map_while(Result::ok)
        .filter(|row| row.kind == RowKind::Model)
        .map(|row| row.content)
}

fn is_error_row(payload: &[u8], id: u32) -> bool {
    rows(payload)
        .map_while(Result::ok)
        .any(|row: Row<'_>| row.id == id && row.kind == RowKind::Error)
}

/// The row that a reference such as `"$L1"` points to.
fn referenced_row(value: &[u8]) -> Option<u32> {
    let reference = std::str::from_utf8(value).ok()?;
    let id = reference.strip_prefix("\"$")?.strip_suffix('"')?;
    let id = id.strip_prefix(['L', '@']).unwrap_or(id);
    u32::from_str_radix(id, 16).ok()
}

/// The digest of an error row.
fn digest(content: &[u8]) -> Option<Cow<'_, str>> {
    members(content)
        .find(|(key, _)| *key == b"digest")
        .and_then(|(_, value)| string(value))
        .filter(|digest| !digest.is_empty())
}

fn string(json: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let json = (json.len() <= MAX_TEXT_BYTES).then_some(json)?;
    serde_json::from_slice::<Text<'_>>(json)
        .ok()
        .map(|text| text.0)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memmem::find(haystack, needle).is_some()
}

#[cfg(test)]
mod tests;
