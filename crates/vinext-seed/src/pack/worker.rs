//! Packs chunks: reads the artifacts of their routes and encodes them.
//!
//! Invariant: a file that cannot be used costs the route it belongs to, never the run.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PackError;
use super::artifact_check::{check_artifact, check_embedded};
use super::artifacts::{ArtifactBuffer, Artifacts, retry_changed};
use super::entry::{Encoder, EntryParts, EntryTail};
use super::memory::MemoryBudget;
use super::segment::{BufferPool, NewEntry, Segment, SegmentBuilder};
use super::work_queue::{RouteRange, WorkQueue};
use crate::files::{self, FileError};
use crate::manifest::{ManifestError, RawRoute, RawRoutes, Route, RouteError, RouteFile};
use crate::plan::{PlannedEntry, PlannedRoute, Planner, SkipReason, SkippedRoute};
use crate::sanitized_text::SanitizedText;

/// How many routes a thread takes at a time before it knows how large they are.
const FIRST_CHUNK_ROUTES: u64 = 8;

/// How many routes a thread takes at a time at most, however small they are.
const MAX_CHUNK_ROUTES: u64 = 1024;

/// The largest artifact that is encoded without asking for the memory beforehand, in bytes. What it
/// takes is counted afterwards, and may be seven times as much.
const MAX_UNRESERVED_BYTES: usize = 128 * 1024;

/// How much of the manifest a thread reads at a time: a thousand usual routes, or a single one.
const MAX_CHUNK_JSON_BYTES: u64 = 1024 * 1024;

/// A chunk, packed.
#[derive(Debug)]
pub(super) struct Packed {
    /// The routes' positions in the manifest.
    pub(super) positions: Range<usize>,
    pub(super) segment: Segment,
    pub(super) skipped: Vec<SkippedRoute>,
}

/// What all packing threads share.
pub(super) struct PackContext {
    pub(super) queue: WorkQueue,
    pub(super) routes: RouteFile,
    pub(super) planner: Planner,
    pub(super) artifacts: Artifacts,
    pub(super) encoder: Encoder,
    pub(super) pool: BufferPool,
    pub(super) memory: Arc<MemoryBudget>,
    /// Where a segment ends, give or take the route that crosses it.
    pub(super) segment_bytes: usize,
    pub(super) progress: PackProgress,
}

/// What one thread uses again for every chunk.
#[derive(Default)]
struct Scratch {
    routes: RawRoutes,
    artifact: ArtifactBuffer,
}

/// How much was packed so far, to size the next chunk.
#[derive(Debug, Default)]
pub(super) struct PackProgress {
    routes: AtomicU64,
    bytes: AtomicU64,
}

impl PackProgress {
    fn add(&self, routes: usize, bytes: usize) {
        self.routes.fetch_add(routes as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// How many routes are likely to fill a segment.
    fn chunk_routes(&self, segment_bytes: usize) -> usize {
        let routes = self.routes.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let fitting = if routes == 0 {
            FIRST_CHUNK_ROUTES
        } else {
            (segment_bytes as u64 * routes).div_ceil(bytes.max(1))
        };
        fitting.clamp(1, MAX_CHUNK_ROUTES) as usize
    }
}

/// Where a route's entries go.
#[derive(Clone, Copy)]
struct Place {
    /// The position of the first route in the segment.
    chunk_start: usize,
    /// How many entries the segment had before.
    route_start: usize,
}

/// Why a route has no entries in the segment.
enum Stop {
    /// It is skipped.
    Skip(SkipReason),
    /// It is too large to share a segment with the routes before it.
    NeedsOwnSegment,
    /// Packing ends.
    End(PackError),
    /// Packing was cancelled.
    Cancelled,
}

impl From<SkipReason> for Stop {
    fn from(reason: SkipReason) -> Self {
        Self::Skip(reason)
    }
}

impl PackContext {
    /// Packs chunk after chunk until there is none left or `deliver` wants no more.
    pub(super) fn run(&self, deliver: impl Fn(Result<Packed, PackError>) -> bool) {
        let _others = EndOthersOnPanic(self);
        let mut scratch = Scratch::default();
        while let Some(chunk) = self
            .queue
            .claim(self.progress.chunk_routes(self.segment_bytes))
        {
            let packed = self.pack(chunk, &mut scratch);
            let Some(packed) = packed.transpose() else {
                return;
            };
            if packed.is_err() | !deliver(packed) {
                return;
            }
        }
    }

    /// Ends all packing.
    pub(super) fn cancel(&self) {
        self.queue.cancel();
        self.memory.cancel();
    }

    /// Packs a chunk, or the part of it that fits into a segment; `None` if packing was cancelled.
    fn pack(
        &self,
        mut chunk: RouteRange,
        scratch: &mut Scratch,
    ) -> Result<Option<Packed>, PackError> {
        let index = &self.planner.scan().index;
        let fitting = index.fitting(chunk.clone(), MAX_CHUNK_JSON_BYTES);
        if fitting != chunk {
            self.queue.requeue(&mut chunk, fitting.end);
        }
        self.routes
            .read(index, chunk.clone(), &mut scratch.routes)
            .map_err(ManifestError::from_second_reading)?;
        let mut builder = SegmentBuilder::new(self.encoder.frame, &self.pool);
        let mut skipped = Vec::new();
        let mut position = chunk.start;
        while position < chunk.end {
            let json = scratch.routes.route(index, position);
            let buffer = &mut scratch.artifact;
            match self.pack_route(position, &chunk, json, &mut builder, &mut skipped, buffer) {
                Ok(()) => position += 1,
                Err(Stop::NeedsOwnSegment) => {
                    self.queue.requeue(&mut chunk, position);
                    break;
                }
                Err(Stop::End(error)) => return Err(error),
                Err(Stop::Cancelled | Stop::Skip(_)) => return Ok(None),
            }
            if builder.len() >= self.segment_bytes && position < chunk.end {
                self.queue.requeue(&mut chunk, position);
            }
        }
        self.progress.add(chunk.len(), builder.len());
        Ok(Some(Packed {
            positions: chunk,
            segment: builder.finish(),
            skipped,
        }))
    }

    fn pack_route(
        &self,
        position: usize,
        chunk: &RouteRange,
        json: &[u8],
        builder: &mut SegmentBuilder,
        skipped: &mut Vec<SkippedRoute>,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), Stop> {
        let json = files::text(json);
        let raw = RawRoute::parse(&json).map_err(|_| Stop::End(ManifestError::Changed.into()))?;
        let outcome = match &raw {
            None => Err(SkipReason::InvalidRoute(RouteError::NotAnObject).into()),
            Some(raw) => raw
                .validate()
                .map_err(|problem| SkipReason::InvalidRoute(problem).into())
                .and_then(|route| self.encode(position, chunk, &route, builder, buffer)),
        };
        match outcome {
            Err(Stop::Skip(reason)) => {
                let (route, path) = raw.map(|raw| raw.name()).unwrap_or_default();
                skipped.push(SkippedRoute {
                    route: route.map_or_else(|| format!("routes[{position}]"), Into::into),
                    path: path.map(Into::into),
                    reason,
                });
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Encodes all entries of a route, or none.
    fn encode(
        &self,
        position: usize,
        chunk: &RouteRange,
        route: &Route<'_>,
        builder: &mut SegmentBuilder,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), Stop> {
        let planned = self.planner.plan(position, route)?;
        let tail = self.encoder.tail(&planned);
        let place = Place {
            chunk_start: chunk.start,
            route_start: builder.entries(),
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
        place: Place,
        builder: &mut SegmentBuilder,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), Stop> {
        let read = retry_changed(
            || self.read(entry, place, buffer),
            |stop| matches!(stop, Stop::Skip(SkipReason::ArtifactChanged { .. })),
        );
        if !read? {
            return self.check_document_alone(planned, place, buffer);
        }
        let artifact = buffer.artifact();
        check_artifact(planned, entry, artifact)?;
        let own_members = Encoder::own_members(planned, entry);
        if self.planner.leaves_out(entry.kind) {
            buffer.release();
            return Ok(());
        }
        let identified = self.encoder.identify(entry, tail, &own_members, artifact);
        let (digest, record) = identified.unzip();
        let parts = EntryParts {
            entry,
            artifact,
            own_members: &own_members,
            tail,
            record: record.as_deref().unwrap_or_default(),
        };
        self.encoder.check_size(parts)?;
        if artifact.len() > MAX_UNRESERVED_BYTES {
            let framed_bytes = self.encoder.framed_bytes_at_most(parts);
            let reserved = self.pool.reserve(place.chunk_start, framed_bytes);
            builder
                .make_room(framed_bytes, reserved.ok_or(Stop::Cancelled)?)
                .map_err(|error| {
                    Stop::End(PackError::OutOfMemory(SanitizedText::new(
                        &error.to_string(),
                    )))
                })?;
        }
        let new = NewEntry {
            key: &entry.key,
            key_offset: self.encoder.key_offset(&entry.key),
            ttl_seconds: planned.ttl_seconds,
            is_first: builder.entries() == place.route_start,
            digest,
            priority: entry.priority,
        };
        builder.push(new, |out| self.encoder.push(out, parts));
        buffer.release();
        Ok(())
    }

    /// Checks a page that has no file for its payload by the one in its document.
    fn check_document_alone(
        &self,
        planned: &PlannedRoute,
        place: Place,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), Stop> {
        if let (Some(check), Some(document)) = (&planned.payload_check, planned.entries.first()) {
            if self.read(document, place, buffer)? {
                check_embedded(check, buffer.artifact())?;
            }
            buffer.release();
        }
        Ok(())
    }

    /// Reads an entry's artifact, unless it is optional and missing: then `false`.
    fn read(
        &self,
        entry: &PlannedEntry,
        place: Place,
        buffer: &mut ArtifactBuffer,
    ) -> Result<bool, Stop> {
        let opened = self
            .artifacts
            .open(&entry.file, || !self.queue.is_cancelled());
        let mut open = match opened {
            Ok(open) => open,
            Err(FileError::Missing) if !entry.is_required => return Ok(false),
            Err(problem) => return Err(unusable(entry, problem)),
        };
        self.encoder.check_file(entry, open.size())?;
        if open.size() > self.segment_bytes as u64 {
            if place.route_start > 0 {
                return Err(Stop::NeedsOwnSegment);
            }
            open.give_up_turn();
            // Not above what a store takes, which is a usize.
            let bytes = usize::try_from(open.size()).unwrap_or(usize::MAX);
            let reserved = self.pool.reserve(place.chunk_start, bytes);
            let made = buffer.make_room(reserved.ok_or(Stop::Cancelled)?);
            made.map_err(|error| unusable(entry, error.into()))?;
        }
        let read = buffer.read(open);
        read.map(|()| true)
            .map_err(|problem| unusable(entry, problem))
    }
}

/// Without the chunk of a thread that panicked, the others would wait for ever.
struct EndOthersOnPanic<'a>(&'a PackContext);

impl Drop for EndOthersOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}

/// What a file that cannot be read means: for its route, or for the whole run.
fn unusable(entry: &PlannedEntry, problem: FileError) -> Stop {
    let file = entry.file.clone();
    match problem {
        FileError::Unreadable(error) if error.kind() == io::ErrorKind::OutOfMemory => Stop::End(
            PackError::OutOfMemory(SanitizedText::new(&error.to_string())),
        ),
        FileError::Unreadable(source) => Stop::End(PackError::ArtifactUnreadable {
            file: SanitizedText::new(&file),
            source,
        }),
        FileError::Missing => Stop::Skip(SkipReason::MissingArtifact { file }),
        FileError::Changed => Stop::Skip(SkipReason::ArtifactChanged { file }),
        problem => Stop::Skip(SkipReason::UnusableArtifact {
            file,
            problem: SanitizedText::new(&problem.to_string()),
        }),
    }
}
