//! Starts the packing threads and puts what they deliver in order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::artifacts::Artifacts;
use super::buffer_pool::BufferPool;
use super::entry::Encoder;
use super::memory::MemoryBudget;
use super::needed_bytes::{Decision, NeededBytes};
use super::page_queue::PageQueue;
use super::source::{BuildFiles, RouteSource};
use super::work_queue::WorkQueue;
use super::worker::{PackContext, PackProgress, Packed};
use super::{PackError, PackLimits, PackTarget, PackedRoutes};
use crate::files::{ArtifactDir, ExactNames, FileError};
use crate::manifest::RouteFile;
use crate::plan::Planner;

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

impl Packer {
    /// Starts packing a build.
    ///
    /// # Errors
    /// If the directory of artifacts exists but cannot be opened, or no thread can be started.
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
                // The threads that did start are enough.
                Err(_) => break,
            }
        }
        Ok(packer)
    }

    /// The next routes in the manifest's order; `None` after the last.
    ///
    /// `is_starving` means that nothing the caller does meanwhile will release the memory of earlier
    /// routes: a route that is too large for the budget is then packed anyway.
    ///
    /// # Errors
    /// If the machine fails, or the manifest has changed. What was packed before is sound.
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

    /// From now on, omits the encoding of entries whose bytes are not needed. May be called once.
    pub(crate) fn encode_only(&self, needed: Arc<dyn NeededBytes>) {
        self.context.needed.set(needed);
    }

    /// How many routes there are, as far as is known.
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
