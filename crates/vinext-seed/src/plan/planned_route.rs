//! What is written for one route: its entries, and what they share.

use super::Priority;
use crate::formats::cache_key::ArtifactKind;
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::{Headers, Lifetime};

/// The entries of one route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedRoute {
    /// Its entries. With the first of them stored, the route counts as seeded.
    pub entries: Vec<PlannedEntry>,
    /// What the payload must show for the route to be seeded; `None` if it need not show
    /// anything.
    pub payload_check: Option<PayloadCheck>,
    /// What the data in a Pages Router document must show; `None` for other pages.
    pub page_data_check: Option<PageDataCheck>,
    /// The tags of every entry.
    pub tags: TagList,
    /// The cache lifetime of every entry.
    pub lifetime: Lifetime,
    /// Whether every entry is stale from the start: its first visitor gets it at once, and the runtime
    /// renders the page again and learns its lifetime.
    pub starts_stale: bool,
    /// The TTL that the store gets for every entry, if any.
    pub ttl_seconds: Option<u64>,
    /// The response status of every entry; the runtime treats a missing one as 200.
    pub status: Option<u16>,
    /// The proof that the page did not read the query string.
    pub query_proof: QueryProof,
    /// Whether entries carry `expireAt` and `cacheControl`.
    pub has_expiry: bool,
}

/// What a payload must show to belong to its page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PayloadCheck {
    /// The page's pathname, if the payload may be another page's because the build followed a
    /// redirect.
    pub pathname: Option<String>,
    /// Whether the document was rendered separately from the payload.
    pub has_own_document: bool,
}

/// What a Pages Router document must show to belong to its page and this build.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageDataCheck {
    /// The page as the data names it, `/posts/[slug]`.
    pub page: String,
    /// The build's id.
    pub build_id: String,
    /// The page's locale, if the site has several.
    pub locale: Option<String>,
}

/// One entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedEntry {
    /// What it holds.
    pub kind: ArtifactKind,
    /// Whether the route is skipped if the file is missing. An optional entry is left to the
    /// runtime instead, which renders it on demand.
    pub is_required: bool,
    /// The artifact's file, within the directory of artifacts.
    pub file: String,
    /// The entry's content if the manifest has it, as JSON: the props of a redirect. No file
    /// is read then.
    pub from_manifest: Option<String>,
    /// The key in the store.
    pub key: String,
    /// The response headers to store.
    pub headers: Option<Headers>,
    /// Its position in the order in which a budget of writes is spent.
    pub priority: Priority,
}
