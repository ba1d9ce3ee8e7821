//! Reads the artifact of one entry into a thread's buffer, if there is memory for it.

use super::artifacts::ArtifactBuffer;
use super::pack_route_error::{PackRouteError, unusable};
use super::route_packer::Place;
use super::source::{BuildFiles, RouteArtifacts};
use super::worker::PackContext;
use crate::files::FileError;
use crate::plan::PlannedEntry;

impl PackContext {
    /// Reads an entry's artifact, unless it is optional and missing: then `false`.
    pub(super) fn read(
        &self,
        entry: &PlannedEntry,
        place: Place<'_>,
        buffer: &mut ArtifactBuffer,
    ) -> Result<bool, PackRouteError> {
        if entry.from_manifest.is_some() {
            return Ok(true);
        }
        match place.artifacts {
            RouteArtifacts::Memory(page) => Ok(page.artifact(entry.kind).is_some()),
            RouteArtifacts::Files(build) => self.read_file(build, entry, place, buffer),
        }
    }

    fn read_file(
        &self,
        build: &BuildFiles,
        entry: &PlannedEntry,
        place: Place<'_>,
        buffer: &mut ArtifactBuffer,
    ) -> Result<bool, PackRouteError> {
        match build
            .artifacts
            .check_name(&entry.file, place.shares_file_name)
        {
            Ok(()) => {}
            Err(FileError::Missing) if !entry.is_required => return Ok(false),
            Err(problem) => return Err(unusable(&entry.file, problem)),
        }
        let opened = build
            .artifacts
            .open(&entry.file, || !build.queue.is_cancelled());
        let mut open = match opened {
            Ok(open) => open,
            Err(FileError::Missing) if !entry.is_required => return Ok(false),
            Err(problem) => return Err(unusable(&entry.file, problem)),
        };
        self.encoder.check_file(entry, open.size())?;
        if open.size() > self.segment_bytes as u64 {
            if place.route_start > 0 {
                return Err(PackRouteError::NeedsOwnSegment);
            }
            open.give_up_turn();
            // Not above what a store takes, which is a usize.
            let bytes = usize::try_from(open.size()).unwrap_or(usize::MAX);
            let reserved = self.pool.reserve(place.range_start, bytes);
            let made = buffer.make_room(reserved.ok_or(PackRouteError::Cancelled)?);
            made.map_err(|error| unusable(&entry.file, error.into()))?;
        }
        let read = buffer.read(open);
        read.map(|()| true)
            .map_err(|problem| unusable(&entry.file, problem))
    }
}
