//! Packs chunks: reads the artifacts of their routes and encodes them.
//!
//! Invariant: a file that cannot be used costs the route it belongs to, never the run.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::{EncodedSize, Encoder, EntryParts, EntryTail};
use super::segment::{BufferPool, NewEntry, Segment, SegmentBuilder};
use super::work_queue::{RouteRange, WorkQueue};
use crate::files::{self, ArtifactDir, FileError};
use crate::formats::cache_key::ArtifactKind;
use crate::manifest::{ManifestError, RawRoute, RawRoutes, Route, RouteError, RouteFile};
use crate::plan::{PlannedEntry, PlannedRoute, Planner, SkipReason, SkippedRoute};
use crate::sanitized_text::SanitizedText;

/// How many routes a thread takes at a time before it knows how large they are.
const FIRST_CHUNK_ROUTES: u64 = 8;

/// How many routes a thread takes at a time at most, however small they are.
const MAX_CHUNK_ROUTES: u64 = 1024;

/// How much of the manifest a thread reads at a time: a thousand usual routes, or a single one.
const MAX_CHUNK_JSON_BYTES: u64 = 1024 * 1024;

/// What became of a chunk.
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
    pub(super) artifacts: ArtifactDir,
    pub(super) encoder: Encoder,
    pub(super) pool: BufferPool,
    /// Where a segment ends, give or take the route that crosses it.
    pub(super) segment_bytes: usize,
    pub(super) progress: PackProgress,
}

/// What one thread uses again for every chunk.
#[derive(Default)]
struct Scratch {
    routes: RawRoutes,
    /// The artifact that is being encoded; what lies behind it is left over from before.
    content: Vec<u8>,
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

impl PackContext {
    /// Packs chunk after chunk until there is none left or `deliver` wants no more.
    pub(super) fn run(&self, deliver: impl Fn(Result<Packed, ManifestError>) -> bool) {
        let _others = EndOthersOnPanic(&self.queue);
        let mut scratch = Scratch::default();
        while let Some(chunk) = self
            .queue
            .claim(self.progress.chunk_routes(self.segment_bytes))
        {
            let packed = self.pack(chunk, &mut scratch);
            if packed.is_err() | !deliver(packed) {
                return;
            }
        }
    }

    fn pack(&self, mut chunk: RouteRange, scratch: &mut Scratch) -> Result<Packed, ManifestError> {
        let index = &self.planner.scan().index;
        let fitting = index.fitting(chunk.clone(), MAX_CHUNK_JSON_BYTES);
        if fitting != chunk {
            self.queue.requeue(&mut chunk, fitting.end);
        }
        self.routes
            .read(index, chunk.clone(), &mut scratch.routes)
            .map_err(ManifestError::Unreadable)?;
        let mut builder = SegmentBuilder::new(self.encoder.frame, &self.pool);
        let mut skipped = Vec::new();
        let mut position = chunk.start;
        while position < chunk.end {
            let json = scratch.routes.route(index, position);
            self.pack_route(
                position,
                json,
                &mut builder,
                &mut skipped,
                &mut scratch.content,
            )?;
            position += 1;
            if builder.len() >= self.segment_bytes && position < chunk.end {
                self.queue.requeue(&mut chunk, position);
            }
        }
        self.progress.add(chunk.len(), builder.len());
        Ok(Packed {
            positions: chunk,
            segment: builder.finish(),
            skipped,
        })
    }

    fn pack_route(
        &self,
        position: usize,
        json: &[u8],
        builder: &mut SegmentBuilder,
        skipped: &mut Vec<SkippedRoute>,
        content: &mut Vec<u8>,
    ) -> Result<(), ManifestError> {
        let json = files::text(json);
        let raw = RawRoute::parse(&json).map_err(ManifestError::not_json)?;
        let outcome = match &raw {
            None => Err(SkipReason::InvalidRoute(RouteError::NotAnObject)),
            Some(raw) => raw
                .validate()
                .map_err(SkipReason::InvalidRoute)
                .and_then(|route| self.encode(position, &route, builder, content)),
        };
        if let Err(reason) = outcome {
            let (route, path) = raw.map(|raw| raw.name()).unwrap_or_default();
            skipped.push(SkippedRoute {
                route: route.map_or_else(|| format!("routes[{position}]"), Into::into),
                path: path.map(Into::into),
                reason,
            });
        }
        Ok(())
    }

    /// Encodes all entries of a route, or none.
    fn encode(
        &self,
        position: usize,
        route: &Route<'_>,
        builder: &mut SegmentBuilder,
        content: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        let planned = self.planner.plan(position, route)?;
        let tail = self.encoder.tail(&planned);
        let before = builder.entries();
        let encoded = planned.entries.iter().try_for_each(|entry| {
            self.encode_entry(&planned, entry, &tail, before, builder, content)
        });
        if encoded.is_err() {
            builder.truncate(before);
        }
        encoded
    }

    /// Encodes one entry, unless it is optional and its file is missing. Its route's entries begin
    /// at the segment's entry `first`.
    fn encode_entry(
        &self,
        planned: &PlannedRoute,
        entry: &PlannedEntry,
        tail: &EntryTail,
        first: usize,
        builder: &mut SegmentBuilder,
        content: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        let file = || entry.file.clone();
        let size = match self.artifacts.read(&entry.file, content) {
            Ok(size) => size,
            Err(FileError::Missing) if entry.is_required => {
                return Err(SkipReason::MissingArtifact { file: file() });
            }
            Err(FileError::Missing) => return Ok(()),
            Err(problem) => return Err(unusable(entry, &problem)),
        };
        let artifact = &content[..size];
        if entry.kind == ArtifactKind::Rsc && is_html(artifact) {
            return Err(SkipReason::RscIsHtml { file: file() });
        }
        let own_members = Encoder::own_members(planned, entry);
        let parts = EntryParts {
            entry,
            artifact,
            own_members: &own_members,
            tail,
        };
        if let Some(size) = self.encoder.size_if_large(parts) {
            self.check_size(entry, size)?;
        }
        let new = NewEntry {
            key: &entry.key,
            key_offset: self.encoder.key_offset(&entry.key),
            ttl_seconds: planned.ttl_seconds,
            is_first: builder.entries() == first,
        };
        builder.push(new, |out| self.encoder.push(out, parts));
        Ok(())
    }

    fn check_size(&self, entry: &PlannedEntry, size: EncodedSize) -> Result<(), SkipReason> {
        let too_large = |bytes, limit_bytes| {
            Err(SkipReason::ValueTooLarge {
                file: entry.file.clone(),
                bytes,
                limit_bytes,
            })
        };
        let limits = &self.encoder.limits;
        let body_bytes = self.encoder.frame.framing_bytes() + size.framed_bytes;
        if size.value_bytes > limits.max_value_bytes {
            too_large(size.value_bytes, limits.max_value_bytes)
        } else if body_bytes > limits.max_body_bytes {
            too_large(size.framed_bytes, limits.max_body_bytes)
        } else {
            Ok(())
        }
    }
}

/// Without the chunk of a thread that panicked, the others would wait for ever.
struct EndOthersOnPanic<'a>(&'a WorkQueue);

impl Drop for EndOthersOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}

fn unusable(entry: &PlannedEntry, problem: &FileError) -> SkipReason {
    SkipReason::UnusableArtifact {
        file: entry.file.clone(),
        problem: SanitizedText::new(&problem.to_string()),
    }
}

/// Whether a payload is a document instead. The prerenderer of 0.0.49 wrote such files.
fn is_html(payload: &[u8]) -> bool {
    let doctype = b"<!doctype";
    let start = payload.trim_ascii_start();
    start.len() >= doctype.len() && start[..doctype.len()].eq_ignore_ascii_case(doctype)
}
