//! What the packing threads share, and their loop: claim a range of routes, pack it, deliver it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PackError;
use super::artifacts::ArtifactBuffer;
use super::buffer_pool::BufferPool;
use super::entry::Encoder;
use super::memory::MemoryBudget;
use super::needed_bytes::Decision;
use super::pack_route_error::PackRouteError;
use super::page::Page;
use super::page_queue::PageChunk;
use super::route_packer::RoutePlace;
use super::segment::{Segment, SegmentBuilder};
use super::source::{BuildFiles, RouteArtifacts, RouteSource};
use super::work_queue::RouteRange;
use crate::files;
use crate::manifest::{ManifestError, RawRoute, RawRoutes, RouteError};
use crate::plan::{Planner, SkipReason, SkippedRoute};

/// How many routes a thread takes at a time before it knows how large they are.
const FIRST_CHUNK_ROUTES: u64 = 8;

/// How many routes a thread takes at a time at most, however small they are.
const MAX_CHUNK_ROUTES: u64 = 1024;

/// How much of the manifest a thread reads at a time: a thousand usual routes, or a single one.
const MAX_RANGE_JSON_BYTES: u64 = 1024 * 1024;

/// A packed range.
#[derive(Debug)]
pub(super) struct Packed {
    /// The routes' positions in the manifest.
    pub(super) positions: Range<usize>,
    pub(super) segment: Segment,
    pub(super) skipped: Vec<SkippedRoute>,
}

/// What all packing threads share.
pub(super) struct PackContext {
    pub(super) source: RouteSource,
    pub(super) planner: Planner,
    pub(super) encoder: Encoder,
    pub(super) pool: BufferPool,
    pub(super) memory: Arc<MemoryBudget>,
    /// Where a segment ends, give or take the route that crosses it.
    pub(super) segment_bytes: usize,
    pub(super) needed: Decision,
    pub(super) progress: PackProgress,
}

/// What one thread reuses for every range.
#[derive(Default)]
struct Scratch {
    routes: RawRoutes,
    artifact: ArtifactBuffer,
}

/// How much was packed so far, to size the next range.
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
    fn range_routes(&self, segment_bytes: usize) -> usize {
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
    /// Packs range after range until none is left or `deliver` returns false.
    pub(super) fn run(&self, deliver: impl Fn(Result<Packed, PackError>) -> bool) {
        let _others = EndOthersOnPanic(self);
        let mut scratch = Scratch::default();
        while let Some(packed) = self.pack_next(&mut scratch).transpose() {
            if packed.is_err() | !deliver(packed) {
                return;
            }
        }
    }

    /// Packs the next range or chunk; `None` if there is none left, or packing was cancelled.
    fn pack_next(&self, scratch: &mut Scratch) -> Result<Option<Packed>, PackError> {
        match &self.source {
            RouteSource::Build(build) => {
                let routes = self.progress.range_routes(self.segment_bytes);
                match build.queue.claim(routes) {
                    Some(range) => self.pack(build, range, scratch),
                    None => Ok(None),
                }
            }
            RouteSource::Pages(queue) => match queue.claim() {
                Some(chunk) => self.pack_pages(chunk, |page| queue.packed(page), scratch),
                None => Ok(None),
            },
        }
    }

    /// Ends all packing.
    pub(super) fn cancel(&self) {
        self.source.cancel();
        self.memory.cancel();
    }

    /// Packs a range, or the part of it that fits into a segment; `None` if packing was cancelled.
    fn pack(
        &self,
        build: &BuildFiles,
        mut range: RouteRange,
        scratch: &mut Scratch,
    ) -> Result<Option<Packed>, PackError> {
        let index = &self.planner.scan().index;
        let fitting = index.fitting(range.clone(), MAX_RANGE_JSON_BYTES);
        if fitting != range {
            build.queue.requeue(&mut range, fitting.end);
        }
        build
            .routes
            .read(index, range.clone(), &mut scratch.routes)
            .map_err(ManifestError::from_second_reading)?;
        let mut builder = SegmentBuilder::new(self.encoder.frame, &self.pool);
        let mut skipped = Vec::new();
        let mut position = range.start;
        while position < range.end {
            let json = scratch.routes.route(index, position);
            let buffer = &mut scratch.artifact;
            let place = RoutePlace {
                position,
                range_start: range.start,
                artifacts: RouteArtifacts::Files(build),
            };
            match self.pack_route(place, json, &mut builder, &mut skipped, buffer) {
                Ok(()) => position += 1,
                Err(PackRouteError::NeedsOwnSegment) => {
                    build.queue.requeue(&mut range, position);
                    break;
                }
                Err(PackRouteError::End(error)) => return Err(error),
                Err(PackRouteError::Cancelled | PackRouteError::Skip(_)) => return Ok(None),
            }
            if builder.work_bytes() >= self.segment_bytes && position < range.end {
                build.queue.requeue(&mut range, position);
            }
        }
        self.progress.add(range.len(), builder.work_bytes());
        Ok(Some(Packed {
            positions: range,
            segment: builder.finish(),
            skipped,
        }))
    }

    /// Packs pages that were passed in; `None` if packing was cancelled.
    fn pack_pages(
        &self,
        chunk: PageChunk,
        packed: impl Fn(Page),
        scratch: &mut Scratch,
    ) -> Result<Option<Packed>, PackError> {
        let positions = chunk.start..chunk.start + chunk.pages.len();
        let mut builder = SegmentBuilder::new(self.encoder.frame, &self.pool);
        let mut skipped = Vec::new();
        for (position, page) in positions.clone().zip(chunk.pages) {
            let place = RoutePlace {
                position,
                range_start: chunk.start,
                artifacts: RouteArtifacts::Memory(&page),
            };
            let json = page.route().as_bytes();
            let buffer = &mut scratch.artifact;
            match self.pack_route(place, json, &mut builder, &mut skipped, buffer) {
                Ok(()) => {}
                Err(PackRouteError::End(error)) => return Err(error),
                Err(_) => return Ok(None),
            }
            packed(page);
        }
        Ok(Some(Packed {
            positions,
            segment: builder.finish(),
            skipped,
        }))
    }

    fn pack_route(
        &self,
        place: RoutePlace<'_>,
        json: &[u8],
        builder: &mut SegmentBuilder,
        skipped: &mut Vec<SkippedRoute>,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        let json = files::text(json);
        let raw = RawRoute::parse(&json)
            .map_err(|_| PackRouteError::End(ManifestError::Changed.into()))?;
        let outcome = match &raw {
            None => Err(SkipReason::InvalidRoute(RouteError::NotAnObject).into()),
            Some(raw) => raw
                .validate()
                .map_err(|problem| SkipReason::InvalidRoute(problem).into())
                .and_then(|route| self.encode(place, &route, builder, buffer)),
        };
        match outcome {
            Err(PackRouteError::Skip(reason)) => {
                let (route, path) = raw.map(|raw| raw.name()).unwrap_or_default();
                skipped.push(SkippedRoute {
                    route: route.map_or_else(|| format!("routes[{}]", place.position), Into::into),
                    path: path.map(Into::into),
                    reason,
                });
                Ok(())
            }
            outcome => outcome,
        }
    }
}

/// Without the range of a thread that panicked, the others would wait forever.
struct EndOthersOnPanic<'a>(&'a PackContext);

impl Drop for EndOthersOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel();
        }
    }
}
