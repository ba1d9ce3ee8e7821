//! What must be known of all routes before the first one is planned.
//!
//! In: the whole manifest, once. Out: its header and which routes stand in each other's way.
//! Never: the routes themselves. Each leaves a few bytes behind: where it lies in the file.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use super::is_fallback_shell;
use crate::files;
use crate::formats::pathname::cache_pathname;
use crate::manifest::{
    Header, ManifestProblem, RawRoute, RenderStatus, Route, RouteIndex, RouteReader, RouterKind,
};

/// The result of reading the manifest once.
#[derive(Debug)]
pub struct Survey {
    /// What the manifest says of the build.
    pub header: Header,
    /// How many routes it lists, rendered or not.
    pub routes: usize,
    /// How many of them are rendered App Router or metadata routes.
    pub candidates: usize,
    /// Whether both `/` and `/index` are among these.
    pub has_root_and_index: bool,
    /// Where the routes lie in the manifest.
    pub(crate) index: RouteIndex,
    /// The positions of routes whose cache key an earlier route has, ascending.
    duplicates: Vec<usize>,
}

impl Survey {
    /// Reads the manifest to its end.
    ///
    /// # Errors
    /// If it is no manifest. Then nothing of it may be used.
    pub fn take<R: Read>(mut reader: RouteReader<R>) -> Result<Self, ManifestProblem> {
        let mut keys = SeenKeys::default();
        let (mut routes, mut candidates) = (0, 0);
        let (mut has_root, mut has_index) = (false, false);
        let mut duplicates = Vec::new();
        let mut index = RouteIndex::default();
        while let Some(json) = reader.next_route()? {
            let bytes = json.len();
            with_route(json, |route| {
                let Some(route) = route.filter(is_candidate) else {
                    return;
                };
                candidates += 1;
                has_root |= route.pathname() == "/";
                has_index |= route.pathname() == "/index";
                if !keys.insert(&route) {
                    duplicates.push(routes);
                }
            })?;
            routes += 1;
            // The reader takes no route that is larger than 16 MiB.
            let length = u32::try_from(bytes).map_err(std::io::Error::other);
            let length = length.map_err(ManifestProblem::Unreadable)?;
            index.push(reader.offset() - u64::from(length), length);
        }
        Ok(Self {
            header: reader.into_header()?,
            routes,
            candidates,
            has_root_and_index: has_root && has_index,
            index,
            duplicates,
        })
    }

    /// Whether the route at this position repeats an earlier one's key.
    #[must_use]
    pub fn is_duplicate(&self, position: usize) -> bool {
        self.duplicates.binary_search(&position).is_ok()
    }
}

/// Calls `visit` with the route in `json`, or with nothing if there is no valid one in it.
///
/// Invalid UTF-8 becomes U+FFFD, as when Node reads the file: such a route then names a file that
/// does not exist.
fn with_route(json: &[u8], visit: impl FnOnce(Option<Route<'_>>)) -> Result<(), ManifestProblem> {
    let json = files::text(json);
    let raw = RawRoute::parse(&json).map_err(ManifestProblem::not_json)?;
    visit(raw.and_then(|raw| raw.validate().ok()));
    Ok(())
}

fn is_candidate(route: &Route<'_>) -> bool {
    route.status == RenderStatus::Rendered
        && route.router != RouterKind::Other
        && !is_fallback_shell(route)
}

/// The keys seen so far, as 64-bit hashes: 9 bytes a route instead of a hundred.
///
/// Two of a million different keys share a hash once in forty million runs; the later route is then
/// reported as a duplicate and filled by its first visitor.
#[derive(Default)]
struct SeenKeys {
    hashes: HashSet<u64>,
    state: RandomState,
}

impl SeenKeys {
    fn insert(&mut self, route: &Route<'_>) -> bool {
        let pathname = cache_pathname(route.pathname());
        let normalized = pathname.strip_suffix('/').unwrap_or(&pathname);
        let is_page = route.router == RouterKind::App;
        self.hashes
            .insert(self.state.hash_one((is_page, normalized)))
    }
}
