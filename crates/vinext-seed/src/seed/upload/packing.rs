//! Takes packed routes from the packer, and keeps a few while the store is not ready for them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::build_snapshot::BuildSnapshot;
use super::super::error::SeedError;
use crate::background::{run_blocking, spawn};
use crate::manifest::ManifestError;
use crate::pack::{NeededBytes, PackError, PackedRoutes, Packer};

/// A site that is being packed.
pub(super) struct Packing {
    packer: Packer,
    build: Option<Arc<BuildSnapshot>>,
    /// Routes that are packed but not yet selected.
    held: VecDeque<PackedRoutes>,
    held_bytes: usize,
    /// Packing pauses when this much is held, in bytes.
    max_held_bytes: usize,
    /// Whether everything is packed, or packing was stopped.
    is_done: bool,
    error: Option<PackError>,
}

impl Packing {
    pub(super) fn new(packer: Packer, build: Option<BuildSnapshot>, max_held_bytes: usize) -> Self {
        Self {
            packer,
            build: build.map(Arc::new),
            held: VecDeque::new(),
            held_bytes: 0,
            max_held_bytes,
            is_done: false,
            error: None,
        }
    }

    /// Packs the site again, from its first route.
    pub(super) fn restart(&mut self, packer: Packer, build: Option<BuildSnapshot>) {
        let again = Self::new(packer, build, self.max_held_bytes);
        std::mem::replace(self, again).free();
    }

    /// Keeps packing until something else is ready.
    pub(super) async fn until<T>(&mut self, ready: impl Future<Output = T>) -> T {
        let mut ready = std::pin::pin!(ready);
        loop {
            let has_room = self.held_bytes < self.max_held_bytes;
            tokio::select! {
                ready = &mut ready => return ready,
                packed = self.next(true), if !self.is_done && has_room => {
                    if let Some(packed) = packed {
                        self.held_bytes += packed.bytes();
                        self.held.push_back(packed);
                    }
                }
            }
        }
    }

    /// Returns the routes that are held.
    pub(super) fn take_held(&mut self) -> VecDeque<PackedRoutes> {
        self.held_bytes = 0;
        std::mem::take(&mut self.held)
    }

    /// Returns the next packed routes; `None` after the last. A failure ends packing, but what was
    /// packed before it is sound.
    pub(super) async fn next(&mut self, is_idle: bool) -> Option<PackedRoutes> {
        match self.packer.next(is_idle).await {
            Ok(Some(packed)) => return Some(packed),
            Ok(None) => {}
            Err(error) => self.error = Some(error),
        }
        self.is_done = true;
        None
    }

    /// Encodes only entries whose bytes are needed; packed ones stay as they are.
    pub(super) fn encode_only(&self, needed: Arc<dyn NeededBytes>) {
        self.packer.encode_only(needed);
    }

    /// Stops packing.
    pub(super) fn stop(&mut self) {
        self.is_done = true;
    }

    /// Packs the rest without artifacts, only to determine its keys.
    pub(super) fn pack_keys_only(&self) {
        self.packer.take_no_more();
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Routes in the manifest, or pages passed in so far.
    pub(super) fn routes(&self) -> usize {
        self.packer.routes()
    }

    /// Why packing ended early.
    pub(super) fn take_error(&mut self) -> Option<PackError> {
        self.error.take()
    }

    /// Checks that the build has not changed.
    pub(super) async fn check_build(&self) -> Result<Result<(), ManifestError>, SeedError> {
        let Some(build) = self.build.clone() else {
            return Ok(Ok(()));
        };
        Ok(run_blocking(move || build.check()).await?)
    }

    /// Frees the packer's memory in the background, because that takes longer than sending a page.
    pub(super) fn free(self) {
        drop(spawn(move || drop(self)));
    }
}
