//! What must be known about all routes before the first is planned: the header, and which routes
//! conflict.
//!
//! Each route leaves only its position in the file.

use std::io::Read;

use super::key_index::KeyIndex;
use crate::manifest::{Header, ManifestError, RouteIndex, RouteReader};

/// The result of reading the manifest once.
#[derive(Debug)]
pub struct ManifestScan {
    /// Facts about the build in the manifest.
    pub header: Header,
    /// How many routes it lists, rendered or not.
    pub routes: usize,
    /// How many of them are rendered, and of a router that is known.
    pub candidates: usize,
    /// Whether any of these is of the App Router.
    pub has_app_router: bool,
    /// Whether any of these is of the Pages Router.
    pub has_pages_router: bool,
    /// Whether both `/` and `/index` are among these.
    pub has_root_and_index: bool,
    /// Where the routes lie in the manifest.
    pub(crate) index: RouteIndex,
    /// The positions of routes whose cache key an earlier route has, ascending.
    duplicates: Vec<usize>,
    /// Whether the build is on a disk that may ignore case.
    pub(crate) ignores_case: bool,
    /// The positions of routes whose file another route's shares on a disk that ignores case, ascending.
    twins: Vec<usize>,
}

impl ManifestScan {
    /// Reads the manifest to its end.
    ///
    /// # Errors
    /// If it is not a manifest. Then nothing of it may be used.
    pub fn take<R: Read>(reader: RouteReader<R>) -> Result<Self, ManifestError> {
        Self::take_for_disk(reader, false)
    }

    /// The same for a build on a disk that may ignore case.
    pub(crate) fn take_for_disk<R: Read>(
        mut reader: RouteReader<R>,
        ignores_case: bool,
    ) -> Result<Self, ManifestError> {
        let mut index = RouteIndex::default();
        let mut candidates = KeyIndex::find(&mut reader, &mut index, ignores_case)?;
        let (has_app_router, has_pages_router) = candidates.routers();
        Ok(Self {
            ignores_case,
            has_app_router,
            has_pages_router,
            header: reader.into_header()?,
            routes: index.len(),
            candidates: candidates.count(),
            has_root_and_index: candidates.has_root_and_index(),
            index,
            twins: candidates.take_twins(),
            duplicates: candidates.into_duplicates(),
        })
    }

    /// For pages that are passed in: nothing else of the site is seeded.
    pub(crate) fn of_pages(trailing_slash: bool) -> Self {
        Self {
            header: Header::of_pages(trailing_slash),
            routes: 0,
            candidates: 0,
            has_app_router: true,
            has_pages_router: false,
            has_root_and_index: false,
            index: RouteIndex::default(),
            duplicates: Vec::new(),
            ignores_case: false,
            twins: Vec::new(),
        }
    }

    /// Whether the file of the route at this position is another route's too on a disk that ignores case.
    #[must_use]
    pub(crate) fn has_twin(&self, position: usize) -> bool {
        self.twins.binary_search(&position).is_ok()
    }

    /// Whether the route at this position repeats an earlier one's key.
    #[must_use]
    pub fn is_duplicate(&self, position: usize) -> bool {
        self.duplicates.binary_search(&position).is_ok()
    }
}
