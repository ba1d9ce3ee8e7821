//! Packs chunks: reads the artifacts of their routes and encodes them.
//!
//! In: chunks of routes. Out: for each, a segment and the routes left out, with their positions.
//! Never: an abort because of one file. A file that cannot be used costs the route it belongs to.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::{self, EntryTail, Timestamps};
use super::segment::{BufferPool, Segment, SegmentBuilder};
use super::work_queue::{RouteRange, WorkQueue};
use crate::files::{self, ArtifactDir, FileError};
use crate::manifest::{ManifestError, RawRoute, RawRoutes, Route, RouteError, RouteFile};
use crate::plan::{PlannedEntry, PlannedRoute, Planner, SkipReason, SkippedRoute};
use crate::sanitized_text::SanitizedText;

/// The largest value Workers KV takes, in bytes (Cloudflare KV limits: 25 MiB).
const MAX_VALUE_BYTES: usize = 25 * 1024 * 1024;

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
    pub(super) timestamps: Timestamps,
    pub(super) pool: BufferPool,
    /// Where a segment ends, give or take the route that crosses it.
    pub(super) segment_bytes: usize,
    /// The largest body a pair may need, alone.
    pub(super) max_body_bytes: usize,
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
        let mut builder = SegmentBuilder::new(&self.pool);
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
        let tail = EntryTail::new(&planned, self.timestamps);
        let before = builder.pairs();
        let main = self.encode_main(&planned, &tail, builder, content);
        let both = main.and_then(|()| self.encode_rsc(&planned, &tail, builder, content));
        if both.is_err() {
            builder.truncate(before);
        }
        both
    }

    fn encode_main(
        &self,
        planned: &PlannedRoute,
        tail: &EntryTail,
        builder: &mut SegmentBuilder,
        content: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        let entry = &planned.main;
        let size = self
            .artifacts
            .read(&entry.file, content)
            .map_err(|problem| match problem {
                FileError::Missing => SkipReason::MissingArtifact {
                    file: entry.file.clone(),
                },
                problem => unusable(entry, &problem),
            })?;
        self.push(planned, entry, tail, builder, true, &content[..size])
    }

    fn encode_rsc(
        &self,
        planned: &PlannedRoute,
        tail: &EntryTail,
        builder: &mut SegmentBuilder,
        content: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        let Some(entry) = &planned.rsc else {
            return Ok(());
        };
        let size = match self.artifacts.read(&entry.file, content) {
            Ok(size) => size,
            // The runtime renders the payload when somebody navigates there.
            Err(FileError::Missing) => return Ok(()),
            Err(problem) => return Err(unusable(entry, &problem)),
        };
        if is_html(&content[..size]) {
            return Err(SkipReason::RscIsHtml {
                file: entry.file.clone(),
            });
        }
        self.push(planned, entry, tail, builder, false, &content[..size])
    }

    fn push(
        &self,
        planned: &PlannedRoute,
        entry: &PlannedEntry,
        tail: &EntryTail,
        builder: &mut SegmentBuilder,
        is_main: bool,
        artifact: &[u8],
    ) -> Result<(), SkipReason> {
        let mut size = Ok(());
        builder.push(is_main, |out| {
            let start = out.len();
            entry::push_pair(out, planned, entry, tail, artifact);
            size = self.check_size(entry, &out[start..]);
        });
        size
    }

    fn check_size(&self, entry: &PlannedEntry, pair: &[u8]) -> Result<(), SkipReason> {
        let too_large = |bytes, limit_bytes| SkipReason::ValueTooLarge {
            file: entry.file.clone(),
            bytes,
            limit_bytes,
        };
        // Escaping only ever adds bytes, so a small pair has a small value.
        if pair.len() > MAX_VALUE_BYTES {
            let bytes = entry::value_bytes(pair);
            if bytes > MAX_VALUE_BYTES {
                return Err(too_large(bytes, MAX_VALUE_BYTES));
            }
        }
        if "[]".len() + pair.len() > self.max_body_bytes {
            return Err(too_large(pair.len(), self.max_body_bytes));
        }
        Ok(())
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
