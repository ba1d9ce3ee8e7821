//! The tags that purge an entry through `revalidatePath` and `revalidateTag`, as the runtime itself would
//! store them.
//!
//! No tag is added that the runtime would not derive: each one costs a KV read per cold isolate.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use super::tag_list::TagList;

/// Longest storable tag, in UTF-16 units (`MAX_TAG_LENGTH` of the KV adapters).
const MAX_TAG_UTF16_UNITS: usize = 256;

/// Prefix of path tags, as in Next.js.
const PATH_TAG: &str = "_N_T_";

/// The last part of a route's tag: what kind of file serves it.
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

/// What the KV adapter does with tags that contain a colon, when it stores an entry and when it reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ColonTags {
    /// It drops them (up to 1.0.0-beta.7), so that `revalidateTag("a:b")` does nothing.
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
        /// Whether what HTTP headers cannot carry is percent-encoded (since 0.0.50).
        encodes: bool,
    },
}

impl TagRule {
    /// The runtime's tags for one page, not yet filtered for storage.
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

/// The runtime's own list of a page's tags, if the manifest has it whole (since 1.0.0-beta.4).
///
/// It names route groups, which a pattern does not show, so that the formula would only add tags
/// that the runtime does not have. The build passes the list in a header and splits it at commas:
/// for a pathname with a comma the list is in pieces, and the formula is still needed.
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

/// The pathname of another page that the manifest's tags are of: `next.config` or middleware
/// rewrites the route's own to it, and the runtime gives such a page the tags of its target.
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

/// Appends `_N_T_/layout`, a layout tag for every directory on the way down, and the leaf's tag.
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

/// Whether a file-system segment counts in tags: parallel slots (`@modal`) do not.
fn is_tagged_segment(segment: &str) -> bool {
    !segment.is_empty() && segment != "." && !segment.starts_with('@')
}

/// The file-system segments of a route pattern: `/blog/:slug` gives `blog`, `[slug]`.
///
/// Route groups are lost in a pattern; from 1.0.0-beta.4 on the manifest's own tags name them.
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

/// Filters `tags` as the KV adapter does: each once, at most 256 UTF-16 units, and free of control
/// characters, backslashes and, up to 1.0.0-beta.7, colons.
///
/// Adapters before 0.0.45 do not filter when they *read*, so a tag they would not have written
/// must not be written for them either.
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

/// Printable ASCII, space and tab: what HTTP headers can carry.
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
