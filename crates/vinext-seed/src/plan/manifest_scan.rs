//! Scans the whole manifest before the first route is planned: its header, and which routes conflict.
//!
//! Only the position of each route is kept.

use std::io::Read;

use super::key_index::KeyIndex;
use crate::manifest::{Header, ManifestError, RouteIndex, RouteReader};

/// The result of scanning a manifest.
#[derive(Debug)]
pub struct ManifestScan {
    /// The manifest's members besides the routes.
    pub header: Header,
    /// The number of routes, rendered or not.
    pub routes: usize,
    /// How many of them are rendered and belong to a known router.
    pub candidates: usize,
    /// Whether any candidate belongs to the App Router.
    pub has_app_router: bool,
    /// Whether any candidate belongs to the Pages Router.
    pub has_pages_router: bool,
    /// Whether both `/` and `/index` are candidates.
    pub has_root_and_index: bool,
    /// The positions of the routes in the file.
    pub(crate) index: RouteIndex,
    /// Routes that have the cache key of an earlier one, ascending.
    duplicates: Vec<usize>,
    /// Whether the build is on a disk that may ignore case.
    pub(crate) ignores_case: bool,
    /// Routes whose file name differs from another's only in case, ascending. Empty if the disk
    /// distinguishes case.
    shared_names: Vec<usize>,
}

impl ManifestScan {
    /// Reads the manifest to its end.
    ///
    /// # Errors
    /// If it is not a valid manifest; then no route may be used.
    pub fn read<R: Read>(reader: RouteReader<R>) -> Result<Self, ManifestError> {
        Self::read_for_disk(reader, false)
    }

    /// Reads the manifest of a build on a disk that may ignore case.
    pub(crate) fn read_for_disk<R: Read>(
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
            shared_names: candidates.take_shared_names(),
            duplicates: candidates.into_duplicates(),
        })
    }

    /// The scan for pages that the caller passes in, which are the only ones to be seeded.
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
            shared_names: Vec::new(),
        }
    }

    /// Whether the disk ignores case and the route's file name differs from another's only in case.
    #[must_use]
    pub(crate) fn shares_file_name(&self, position: usize) -> bool {
        self.shared_names.binary_search(&position).is_ok()
    }

    /// Whether the route at this position has the cache key of an earlier one.
    #[must_use]
    pub fn is_duplicate(&self, position: usize) -> bool {
        self.duplicates.binary_search(&position).is_ok()
    }
}
