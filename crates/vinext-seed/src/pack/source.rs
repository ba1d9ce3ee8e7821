//! Where the packing threads get routes and artifacts from: the files of a build, or pages that a caller
//! passes in.

use std::sync::Arc;

use super::artifacts::Artifacts;
use super::page::Page;
use super::page_queue::PageQueue;
use super::work_queue::WorkQueue;
use crate::manifest::RouteFile;

/// Where routes come from.
pub(super) enum RouteSource {
    Build(Box<BuildFiles>),
    Pages(Arc<PageQueue>),
}

/// The files of a build.
pub(super) struct BuildFiles {
    pub(super) queue: WorkQueue,
    pub(super) routes: RouteFile,
    pub(super) artifacts: Artifacts,
}

/// Where one route's artifacts are.
#[derive(Clone, Copy)]
pub(super) enum RouteArtifacts<'a> {
    Files(&'a BuildFiles),
    Memory(&'a Page),
}

impl RouteSource {
    /// Releases the next chunk, in order.
    pub(super) fn release(&self) {
        match self {
            Self::Build(build) => build.queue.release(),
            Self::Pages(pages) => pages.release(),
        }
    }

    /// Ends all work.
    pub(super) fn cancel(&self) {
        match self {
            Self::Build(build) => build.queue.cancel(),
            Self::Pages(pages) => pages.cancel(),
        }
    }
}
