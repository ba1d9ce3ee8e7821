//! Packs one route: reads its artifacts, checks them and encodes its entries.
//!
//! Invariant: a file that cannot be used costs the route it belongs to, never the run.

use std::io;

use super::PackError;
use super::artifact_check::{check_artifact, check_embedded};
use super::artifacts::{ArtifactBuffer, retry_changed};
use super::entry::{Encoder, EntryParts, EntryTail};
use super::page_data::page_data;
use super::segment::{NewEntry, SegmentBuilder};
use super::source::{BuildFiles, RouteArtifacts};
use super::worker::PackContext;
use crate::files::FileError;
use crate::manifest::Route;
use crate::plan::{PlannedEntry, PlannedRoute, SkipReason};
use crate::sanitized_text::SanitizedText;

/// The largest artifact that is encoded without asking for the memory beforehand, in bytes. What it
/// takes is counted afterwards, and may be seven times as much.
const MAX_UNRESERVED_BYTES: usize = 128 * 1024;

/// Which route it is, and where its artifacts are.
#[derive(Clone, Copy)]
pub(super) struct RoutePlace<'a> {
    /// Its position among all routes.
    pub(super) position: usize,
    /// The position of the first route in the segment.
    pub(super) range_start: usize,
    pub(super) artifacts: RouteArtifacts<'a>,
}

/// Where a route's entries come from and go.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The position of the first route in the segment.
    range_start: usize,
    artifacts: RouteArtifacts<'a>,
    /// How many entries the segment had before.
    route_start: usize,
    /// Whether another route's artifact names differ from these only in case.
    has_twin: bool,
}

impl<'a> Place<'a> {
    /// The artifact that was read last, or that is in memory.
    fn artifact<'b>(self, entry: &PlannedEntry, buffer: &'b ArtifactBuffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self.artifacts {
            RouteArtifacts::Memory(page) => page.artifact(entry.kind).unwrap_or_default(),
            RouteArtifacts::Files(_) => buffer.artifact(),
        }
    }
}

/// Why a route has no entries in the segment.
pub(super) enum PackRouteError {
    /// It is skipped.
    Skip(SkipReason),
    /// It is too large to share a segment with the routes before it.
    NeedsOwnSegment,
    /// Packing ends.
    End(PackError),
    /// Packing was cancelled.
    Cancelled,
}

impl From<SkipReason> for PackRouteError {
    fn from(reason: SkipReason) -> Self {
        Self::Skip(reason)
    }
}

impl PackContext {
    /// Encodes all entries of a route, or none.
    pub(super) fn encode(
        &self,
        place: RoutePlace<'_>,
        route: &Route<'_>,
        builder: &mut SegmentBuilder,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        let planned = self.planner.plan(place.position, route)?;
        let tail = self.encoder.tail(&planned);
        let place = Place {
            range_start: place.range_start,
            artifacts: place.artifacts,
            route_start: builder.entries(),
            has_twin: self.planner.scan().has_twin(place.position),
        };
        let encoded = planned.entries.iter().try_for_each(|entry| {
            self.encode_entry(&planned, entry, &tail, place, builder, buffer)
        });
        if encoded.is_err() {
            builder.truncate(place.route_start);
        }
        encoded
    }

    /// Encodes one entry, unless it is optional and its file is missing.
    fn encode_entry(
        &self,
        planned: &PlannedRoute,
        entry: &PlannedEntry,
        tail: &EntryTail,
        place: Place<'_>,
        builder: &mut SegmentBuilder,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        let read = retry_changed(
            || self.read(entry, place, buffer),
            |stop| {
                matches!(
                    stop,
                    PackRouteError::Skip(SkipReason::ArtifactChanged { .. })
                )
            },
        );
        if !read? {
            return self.check_document_alone(planned, place, buffer);
        }
        let artifact = match &entry.from_manifest {
            Some(json) => json.as_bytes(),
            None => place.artifact(entry, buffer),
        };
        check_artifact(planned, entry, artifact)?;
        let page_data = match &planned.page_data_check {
            Some(check) => page_data(check, entry, artifact)?,
            None => &[],
        };
        let own_members = Encoder::own_members(planned, entry);
        if self.planner.leaves_out(entry.kind) {
            buffer.release();
            return Ok(());
        }
        let identified = self.encoder.identify(entry, tail, &own_members, artifact);
        let (digest, record) = identified.unzip();
        let record = record.as_deref().unwrap_or_default();
        let metadata = self.encoder.metadata_aside(tail, record);
        let parts = EntryParts {
            entry,
            artifact,
            page_data,
            own_members: &own_members,
            tail,
            record,
        };
        self.encoder.check_size(parts)?;
        let new = NewEntry {
            key: &entry.key,
            key_offset: self.encoder.key_offset(&entry.key),
            ttl_seconds: planned.ttl_seconds,
            is_first: builder.entries() == place.route_start,
            digest,
            metadata: metadata.as_deref(),
            priority: entry.priority,
        };
        if !(self.needed).needs(&entry.key, digest, planned.ttl_seconds) {
            builder.push_unencoded(new, artifact.len());
            buffer.release();
            return Ok(());
        }
        if artifact.len() > MAX_UNRESERVED_BYTES {
            let framed_bytes = self.encoder.framed_bytes_at_most(parts);
            let reserved = self.pool.reserve(place.range_start, framed_bytes);
            builder
                .make_room(framed_bytes, reserved.ok_or(PackRouteError::Cancelled)?)
                .map_err(|error| {
                    PackRouteError::End(PackError::OutOfMemory(SanitizedText::new(
                        &error.to_string(),
                    )))
                })?;
        }
        builder.push(new, |out| self.encoder.push(out, parts));
        buffer.release();
        Ok(())
    }

    /// Checks a page that has no file for its payload by the one in its document.
    fn check_document_alone(
        &self,
        planned: &PlannedRoute,
        place: Place<'_>,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        if let (Some(check), Some(document)) = (&planned.payload_check, planned.entries.first()) {
            if self.read(document, place, buffer)? {
                check_embedded(check, place.artifact(document, buffer))?;
            }
            buffer.release();
        }
        Ok(())
    }

    /// Reads an entry's artifact, unless it is optional and missing: then `false`.
    fn read(
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
        match build.artifacts.check_name(&entry.file, place.has_twin) {
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

/// Whether an unreadable file affects its route or the whole run.
fn unusable(file: &str, problem: FileError) -> PackRouteError {
    let file = file.to_owned();
    match problem {
        FileError::Unreadable(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            PackRouteError::End(PackError::OutOfMemory(SanitizedText::new(
                &error.to_string(),
            )))
        }
        FileError::Unreadable(source) => PackRouteError::End(PackError::ArtifactUnreadable {
            file: SanitizedText::new(&file),
            source,
        }),
        FileError::Missing => PackRouteError::Skip(SkipReason::MissingArtifact { file }),
        FileError::SharedName => PackRouteError::Skip(SkipReason::SharedName { file }),
        FileError::Changed => PackRouteError::Skip(SkipReason::ArtifactChanged { file }),
        problem => PackRouteError::Skip(SkipReason::UnusableArtifact {
            file,
            problem: SanitizedText::new(&problem.to_string()),
        }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_machine_error_ends_the_run_and_skips_no_page() {
        for (errno, code) in [
            (Errno::MFILE, "ARTIFACTS_UNREADABLE"),
            (Errno::NFILE, "ARTIFACTS_UNREADABLE"),
            (Errno::ACCESS, "ARTIFACTS_UNREADABLE"),
            (Errno::PERM, "ARTIFACTS_UNREADABLE"),
            (Errno::IO, "ARTIFACTS_UNREADABLE"),
            (Errno::STALE, "ARTIFACTS_UNREADABLE"),
            (Errno::NOMEM, "OUT_OF_RESOURCES"),
        ] {
            let problem = FileError::from(io::Error::from(errno));
            let PackRouteError::End(error) = unusable("a.html", problem) else {
                panic!("{errno} is not an end");
            };
            assert_eq!(error.code(), code, "{errno}");
        }
    }

    #[test]
    fn a_problem_with_a_file_skips_its_page() {
        for (errno, code) in [
            (Errno::NOENT, "missing-artifact"),
            (Errno::NOTDIR, "missing-artifact"),
            (Errno::LOOP, "unusable-artifact"),
            (Errno::NAMETOOLONG, "unusable-artifact"),
        ] {
            let problem = FileError::from(io::Error::from(errno));
            let PackRouteError::Skip(reason) = unusable("a.html", problem) else {
                panic!("{errno} skips nothing");
            };
            assert_eq!(reason.code(), code, "{errno}");
        }
    }
}
