//! Stage 3: reads the planned artifacts, encodes their entries and cuts them into batches.
//!
//! Invariant: packing holds no more than [`PackLimits`] allows, regardless of the size of the site.
//! It stays at most a fixed number of segments ahead of the consumer.

mod artifact_check;
mod artifacts;
mod batch;
mod batcher;
mod buffer_pool;
mod digest;
mod entry;
mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json_text;
mod large_buffer;
mod memory;
mod needed_bytes;
mod page_data;
mod pages;
#[cfg(test)]
mod reference;
mod route_packer;
mod segment;
mod source;
mod work_queue;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

pub use batch::{Batch, BatchEntry, BatchLimits};
pub use batcher::Batcher;
#[cfg(any(test, fuzzing))]
pub(crate) use batcher::batch_of;
#[cfg(test)]
pub(crate) use batcher::{bulk_batch_of, raw_batch_of};
pub use entry::Timestamps;
pub use pages::{Page, PageError, PageQueue};

use crate::files::{ArtifactDir, ExactNames, FileError};
use crate::manifest::{ManifestError, RouteFile};
use crate::plan::{Planner, SkippedRoute};
use crate::sanitized_text::SanitizedText;
use crate::store::{Frame, StoreLimits};
use artifacts::Artifacts;
use buffer_pool::BufferPool;
pub(crate) use digest::{EntryDigest, EntryRecord, MEMBER as RECORD_MEMBER};
use entry::Encoder;
use memory::MemoryBudget;
use needed_bytes::Decision;
pub(crate) use needed_bytes::{NeededBytes, NoBytes};
pub(crate) use segment::EntrySpan;
use segment::Segment;
use source::{BuildFiles, RouteSource};
use work_queue::WorkQueue;
use worker::{PackContext, PackProgress, Packed};

/// How much packing may hold at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PackLimits {
    /// Threads that read and encode.
    pub threads: usize,
    /// Segments that are being packed, or packed and not taken yet, at most.
    pub max_segments_ahead: usize,
    /// Where a segment ends, in bytes, give or take one route.
    pub segment_bytes: usize,
    /// The initial capacity of a segment, in bytes.
    pub buffer_bytes: usize,
    /// Empty segment buffers that are kept for the next segments.
    pub max_free_buffers: usize,
    /// What all segments may take until they are sent, with the artifacts that are being encoded, in
    /// bytes.
    pub max_bytes: usize,
}

/// What entries are packed for.
#[derive(Clone, Copy, Debug)]
pub struct PackTarget {
    /// How the store wants them laid out.
    pub frame: Frame,
    /// The store's limits. A larger entry makes its route be skipped.
    pub limits: StoreLimits,
    /// When the site is seeded.
    pub timestamps: Timestamps,
}

/// Packs a site on its own threads. Dropping it ends them.
pub struct Packer {
    context: Arc<PackContext>,
    threads: Vec<JoinHandle<()>>,
    delivered: mpsc::UnboundedReceiver<Result<Packed, PackError>>,
    /// Packed out of turn, by first position.
    waiting: BTreeMap<usize, Packed>,
    /// The position of the route that comes next.
    next: usize,
}

/// Neighbouring routes, packed.
#[derive(Debug)]
pub struct PackedRoutes {
    /// How many routes of the manifest it covers.
    pub routes: usize,
    segment: Segment,
    /// The skipped routes, in the manifest's order.
    pub skipped: Vec<SkippedRoute>,
}

impl PackedRoutes {
    /// Its entries in order, with their keys.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, EntrySpan)> {
        let spans = self.segment.entries().iter().enumerate();
        spans.map(|(index, span)| (self.segment.key(index), *span))
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.segment.memory_bytes()
    }
}

impl Packer {
    /// Starts packing a build.
    ///
    /// # Errors
    /// If the directory of artifacts is there and cannot be opened, or no thread can be started.
    pub fn start(
        planner: Planner,
        routes: RouteFile,
        artifact_dir: &Path,
        target: PackTarget,
        limits: PackLimits,
    ) -> Result<Self, PackError> {
        let unreadable = |problem: FileError| PackError::ArtifactsUnreadable(problem.into());
        let names = planner
            .scan()
            .ignores_case
            .then(|| ExactNames::below(artifact_dir));
        let source = RouteSource::Build(Box::new(BuildFiles {
            queue: WorkQueue::new(planner.scan().routes, limits.max_segments_ahead),
            routes,
            artifacts: Artifacts::new(ArtifactDir::open(artifact_dir).map_err(unreadable)?, names),
        }));
        Self::start_from(source, planner, target, limits)
    }

    /// Starts packing pages that a caller passes in.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start_pages(
        planner: Planner,
        pages: Arc<PageQueue>,
        target: PackTarget,
        limits: PackLimits,
    ) -> Result<Self, PackError> {
        pages.open(limits);
        Self::start_from(RouteSource::Pages(pages), planner, target, limits)
    }

    fn start_from(
        source: RouteSource,
        planner: Planner,
        target: PackTarget,
        limits: PackLimits,
    ) -> Result<Self, PackError> {
        let memory = MemoryBudget::new(limits.max_bytes);
        let context = Arc::new(PackContext {
            source,
            planner,
            encoder: Encoder {
                frame: target.frame,
                limits: target.limits,
                timestamps: target.timestamps,
            },
            pool: BufferPool::new(
                limits.buffer_bytes,
                limits.max_free_buffers,
                Arc::clone(&memory),
            ),
            memory,
            segment_bytes: limits.segment_bytes,
            needed: Decision::default(),
            progress: PackProgress::default(),
        });
        let (deliver, delivered) = mpsc::unbounded_channel();
        let mut packer = Self {
            context,
            threads: Vec::new(),
            delivered,
            waiting: BTreeMap::new(),
            next: 0,
        };
        for _ in 0..limits.threads.max(1) {
            let context = Arc::clone(&packer.context);
            let deliver = deliver.clone();
            let thread = std::thread::Builder::new()
                .name("vinext-seed pack".to_owned())
                .spawn(move || context.run(|packed| deliver.send(packed).is_ok()));
            match thread {
                Ok(thread) => packer.threads.push(thread),
                Err(error) if packer.threads.is_empty() => {
                    return Err(PackError::NoThread(error));
                }
                // Those that were started do it too.
                Err(_) => break,
            }
        }
        Ok(packer)
    }

    /// The next routes in the manifest's order; `None` after the last.
    ///
    /// `is_starving` says that the caller does nothing meanwhile that gives back memory of earlier
    /// routes: then a route that is too large for the budget is packed anyway.
    ///
    /// # Errors
    /// If the machine fails, or the manifest is another one by now. What was packed until then is
    /// sound.
    pub async fn next(&mut self, is_starving: bool) -> Result<Option<PackedRoutes>, PackError> {
        loop {
            self.context.memory.needs(self.next, is_starving);
            if let Some(packed) = self.waiting.remove(&self.next) {
                self.next = packed.positions.end;
                self.context.source.release();
                return Ok(Some(PackedRoutes {
                    routes: packed.positions.len(),
                    segment: packed.segment,
                    skipped: packed.skipped,
                }));
            }
            match self.delivered.recv().await {
                Some(packed) => {
                    let packed = packed?;
                    self.waiting.insert(packed.positions.start, packed);
                }
                None => return self.check_complete().map(|()| None),
            }
        }
    }

    /// Leaves out, from now on, the encoding of entries whose bytes are not needed. May be called once.
    pub(crate) fn encode_only(&self, needed: Arc<dyn NeededBytes>) {
        self.context.needed.set(needed);
    }

    /// How many routes there are, as far as that is known.
    #[must_use]
    pub fn routes(&self) -> usize {
        match &self.context.source {
            RouteSource::Build(_) => self.context.planner.scan().routes,
            RouteSource::Pages(pages) => pages.accepted(),
        }
    }

    /// Accepts no more pages from the caller. Pages that it has are packed.
    pub fn take_no_more(&self) {
        if let RouteSource::Pages(pages) = &self.context.source {
            pages.finish(None);
        }
    }

    fn check_complete(&self) -> Result<(), PackError> {
        let routes = self.routes();
        if self.next != routes {
            return Err(PackError::Incomplete {
                packed: self.next,
                routes,
            });
        }
        match &self.context.source {
            RouteSource::Pages(pages) => pages.failure().map_or(Ok(()), |error| Err(error.into())),
            RouteSource::Build(_) => Ok(()),
        }
    }
}

/// Why packing ended before the last route.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The manifest cannot be read again, or is not the one that was scanned.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The directory of artifacts is there and cannot be read.
    #[error("cannot read dist/server/prerendered-routes: {0}")]
    ArtifactsUnreadable(#[source] std::io::Error),
    /// An artifact is there and cannot be read, for a reason that is not the file's.
    #[error(
        "cannot read dist/server/prerendered-routes/{file}: {source}; the cause is the \
         machine, not the page, so the run ends here"
    )]
    ArtifactUnreadable {
        /// The first such file, within the directory of artifacts.
        file: SanitizedText,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A page that was passed in is invalid, or the iterator failed.
    #[error(transparent)]
    Page(#[from] PageError),
    /// There is not enough memory.
    #[error(
        "not enough memory: {0}; give the process more, or lower the memory limit if other processes \
         need it"
    )]
    OutOfMemory(SanitizedText),
    /// Not even one thread can be started.
    #[error(
        "cannot start a thread: {0}; raise the limit of processes (`ulimit -u`, or the container's \
         `pids` limit)"
    )]
    NoThread(#[source] std::io::Error),
    /// One of the engine's threads failed, which is a bug.
    #[error(
        "internal error after {packed} of {routes} routes (see the panic above); please report it"
    )]
    Incomplete {
        /// Routes that were packed.
        packed: usize,
        /// Routes that the scan counted.
        routes: usize,
    },
}

impl PackError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            // It was valid when it was scanned.
            Self::Manifest(ManifestError::Unreadable(_)) => "MANIFEST_UNREADABLE",
            Self::Manifest(_) => "MANIFEST_CHANGED",
            Self::ArtifactsUnreadable(_) | Self::ArtifactUnreadable { .. } => {
                "ARTIFACTS_UNREADABLE"
            }
            Self::Page(problem) => problem.code(),
            Self::OutOfMemory(_) | Self::NoThread(_) => "OUT_OF_RESOURCES",
            Self::Incomplete { .. } => "INTERNAL_ERROR",
        }
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.context.cancel();
        self.delivered.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has delivered nothing more; its panic is already printed.
            let _ = thread.join();
        }
    }
}
