//! The plan of one route: its entries, and what they have in common.

use super::Priority;
use crate::formats::cache_key::ArtifactKind;
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::{Headers, Lifetime};

/// The plan of one route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedRoute {
    /// The entries, the main one first. A route counts as seeded if its main entry is stored.
    pub entries: Vec<PlannedEntry>,
    /// How the payload is checked; `None` if it is not.
    pub payload_check: Option<PayloadCheck>,
    /// How the page data in a Pages Router document is checked; `None` for other pages.
    pub page_data_check: Option<PageDataCheck>,
    /// The tags of every entry.
    pub tags: TagList,
    /// The cache lifetime of every entry.
    pub lifetime: Lifetime,
    /// Whether every entry is stale from the start: the first visitor gets it at once, and the runtime
    /// renders the page again, which determines its lifetime.
    pub starts_stale: bool,
    /// The TTL of every entry in the store, in seconds; `None` if entries do not expire.
    pub ttl_seconds: Option<u64>,
    /// The response status of every entry. The runtime treats a missing status as 200.
    pub status: Option<u16>,
    /// How entries prove that the page did not read the query string.
    pub query_proof: QueryProof,
    /// Whether entries carry `expireAt` and `cacheControl`.
    pub has_expiry: bool,
}

/// What a payload must show for its page to be seeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PayloadCheck {
    /// The page's pathname, if the payload may be another page's because the build followed a
    /// redirect.
    pub pathname: Option<String>,
    /// Whether the document was rendered separately from the payload.
    pub has_own_document: bool,
}

/// What the data in a Pages Router document must show for the page to be seeded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageDataCheck {
    /// The page's name in the data: `/posts/[slug]`.
    pub page: String,
    /// The build's id.
    pub build_id: String,
    /// The page's locale, if the site has several.
    pub locale: Option<String>,
}

/// One entry of a route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedEntry {
    /// Which artifact it holds.
    pub kind: ArtifactKind,
    /// Whether the route is skipped if the file is missing. A missing optional entry is rendered by the
    /// runtime on demand.
    pub is_required: bool,
    /// The artifact's file, within the directory of artifacts.
    pub file: String,
    /// The content as JSON if it comes from the manifest (the props of a redirect); then no file is read.
    pub from_manifest: Option<String>,
    /// The key in the store.
    pub key: String,
    /// The response headers to store.
    pub headers: Option<Headers>,
    /// Its rank if writes are limited.
    pub priority: Priority,
}
