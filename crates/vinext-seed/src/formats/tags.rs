//! The tags by which `revalidatePath` and `revalidateTag` purge an entry, exactly as the runtime stores them.
//!
//! A tag that the runtime would not derive is never added, because each tag costs a KV read per cold isolate.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use super::tag_list::TagList;

/// The longest tag that is stored, in UTF-16 units (`MAX_TAG_LENGTH` of the KV adapters).
const MAX_TAG_UTF16_UNITS: usize = 256;

/// Prefix of path tags, as in Next.js.
const PATH_TAG: &str = "_N_T_";

/// The last part of a route's tag, for the kind of file that serves the route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Leaf {
    /// A `page` file.
    Page,
    /// A route handler or metadata file.
    Route,
}

impl Leaf {
    fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Route => "route",
        }
    }
}

/// What the KV adapter does with tags that contain a colon, when it writes and when it reads an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ColonTags {
    /// It drops them (up to 1.0.0-beta.7), so `revalidateTag("a:b")` has no effect.
    Dropped,
    /// It keeps them (`@vinext/cloudflare` 1.0.1, vinext pull request 3569).
    Kept,
}

/// How a generation of vinext derives tags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TagRule {
    /// From the concrete path (0.0.31 to 0.0.45): `/blog/hello` gives `_N_T_/blog/hello/page`.
    ConcretePath,
    /// From the file-system route (since 0.0.49): `_N_T_/blog/[slug]/page`.
    RouteSegments {
        /// Whether the path tag drops a trailing slash (since 0.2.0), as `revalidatePath` does.
        strips_trailing_slash: bool,
        /// Whether characters that HTTP headers cannot contain are percent-encoded (since 0.0.50).
        encodes: bool,
    },
}

impl TagRule {
    /// The runtime's tags for a page, before [`storable`] filters them.
    ///
    /// `pathname` is the cache pathname, with a trailing slash if the site uses them.
    pub fn derive<'a>(
        self,
        pathname: &str,
        segments: impl Iterator<Item = Cow<'a, str>>,
        leaf: Leaf,
        extra: impl IntoIterator<Item: AsRef<str>>,
    ) -> TagList {
        let mut tags = TagList::with_usual_capacity();
        tags.append(&[pathname]);
        match self {
            Self::ConcretePath => {
                tags.append(&[PATH_TAG, pathname]);
                let directories = pathname.split('/').filter(|name| !name.is_empty());
                append_layouts_and_leaf(&mut tags, directories.map(Cow::Borrowed), leaf);
            }
            Self::RouteSegments {
                strips_trailing_slash,
                ..
            } => {
                let stripped = pathname.strip_suffix('/').filter(|rest| !rest.is_empty());
                let path = if strips_trailing_slash {
                    stripped
                } else {
                    None
                }
                .unwrap_or(pathname);
                tags.append(&[PATH_TAG, path]);
                match pathname {
                    "/" => tags.append(&[PATH_TAG, "/index"]),
                    "/index" => tags.append(&[PATH_TAG, "/"]),
                    _ => {}
                }
                let directories = segments.filter(|segment| is_tagged_segment(segment));
                append_layouts_and_leaf(&mut tags, directories, leaf);
            }
        }
        for tag in extra {
            tags.append(&[tag.as_ref()]);
        }
        match self {
            Self::RouteSegments { encodes: true, .. } if !tags.text().bytes().all(is_plain) => {
                tags.iter().map(encode).collect()
            }
            _ => tags,
        }
    }
}

/// The runtime's own list of a page's tags, if the manifest contains all of it (since 1.0.0-beta.4).
///
/// The list includes route groups, which a pattern does not show, so tags derived from the pattern would
/// differ from the runtime's. The build receives the list in a header and splits it at commas. If the pathname
/// contains a comma, the list is in pieces, and tags must be derived after all.
#[must_use]
pub fn whole_list(
    pathname: &str,
    listed: impl Iterator<Item = impl AsRef<str>>,
) -> Option<TagList> {
    if pathname.contains(',') {
        return None;
    }
    let tags: TagList = listed.collect();
    let is_whole = tags
        .iter()
        .any(|tag| tag.strip_prefix(PATH_TAG) == Some("/layout"));
    is_whole.then_some(tags)
}

/// The target of a rewrite, if the manifest's tags belong to another pathname: the runtime gives a page that
/// `next.config` or middleware rewrites the tags of its target.
#[must_use]
pub fn rewritten_to(pathname: &str, whole_list: &TagList) -> Option<String> {
    let target = whole_list.iter().next()?;
    let is_own = target.trim_end_matches('/') == encode(pathname).trim_end_matches('/');
    if !target.starts_with('/') || is_own {
        return None;
    }
    let decoded = percent_decode_str(target).decode_utf8().ok();
    let decoded = decoded.filter(|decoded| encode(decoded) == target);
    Some(decoded.map_or_else(|| target.to_owned(), Cow::into_owned))
}

/// Appends `_N_T_/layout`, a layout tag for each directory of the path, and the tag of the leaf.
fn append_layouts_and_leaf<'a>(
    tags: &mut TagList,
    directories: impl Iterator<Item = Cow<'a, str>>,
    leaf: Leaf,
) {
    tags.append(&[PATH_TAG, "/layout"]);
    let mut directory = String::new();
    for name in directories {
        directory.push('/');
        directory.push_str(&name);
        tags.append(&[PATH_TAG, &directory, "/layout"]);
    }
    tags.append(&[PATH_TAG, &directory, "/", leaf.as_str()]);
}

/// Whether a file-system segment is part of tags: parallel slots (`@modal`) are not.
fn is_tagged_segment(segment: &str) -> bool {
    !segment.is_empty() && segment != "." && !segment.starts_with('@')
}

/// The file-system segments of a route pattern: `/blog/:slug` gives `blog`, `[slug]`.
///
/// A pattern does not contain route groups; since 1.0.0-beta.4 the manifest's own tags do.
pub fn route_segments(pattern: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pattern
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment.strip_prefix(':') {
            None => Cow::Borrowed(segment),
            Some(parameter) => Cow::Owned(if let Some(name) = parameter.strip_suffix('+') {
                format!("[...{name}]")
            } else if let Some(name) = parameter.strip_suffix('*') {
                format!("[[...{name}]]")
            } else {
                format!("[{parameter}]")
            }),
        })
}

/// Filters tags as the KV adapter does. The result has each tag once, without those that are longer than 256
/// UTF-16 units or contain control characters, backslashes or, up to 1.0.0-beta.7, colons.
///
/// Adapters before 0.0.45 do not filter tags when they read, so entries must not contain tags that these
/// adapters would not have written.
#[must_use]
pub fn storable(tags: TagList, colons: ColonTags) -> TagList {
    if tags.iter().all(|tag| is_storable(tag, colons)) {
        tags
    } else {
        tags.iter().filter(|tag| is_storable(tag, colons)).collect()
    }
}

fn is_storable(tag: &str, colons: ColonTags) -> bool {
    let is_refused = |byte| match byte {
        b':' => colons == ColonTags::Dropped,
        _ => byte < 0x20 || byte == b'\\',
    };
    !tag.is_empty()
        // No text has more UTF-16 units than bytes.
        && (tag.len() <= MAX_TAG_UTF16_UNITS
            || tag.encode_utf16().count() <= MAX_TAG_UTF16_UNITS)
        && !tag.bytes().any(is_refused)
}

/// Whether HTTP headers can contain a byte: printable ASCII, space and tab.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// Percent-encodes the UTF-8 of anything that is not plain.
fn encode(tag: &str) -> Cow<'_, str> {
    if tag.bytes().all(is_plain) {
        return Cow::Borrowed(tag);
    }
    let mut encoded = String::with_capacity(tag.len());
    for byte in tag.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Cow::Owned(encoded)
}

#[cfg(test)]
mod tests;
