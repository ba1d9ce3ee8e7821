//! Stage 3: reads the planned artifacts, encodes their entries and cuts them into batches.
//!
//! Invariant: packing holds no more than [`PackLimits`] allows, whatever the size of the site. It
//! goes only a fixed number of segments ahead of whoever takes them.

mod batch;
mod batcher;
mod entry;
mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json_text;
#[cfg(test)]
mod reference;
mod segment;
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
pub use entry::Timestamps;

use crate::files::ArtifactDir;
use crate::manifest::{ManifestError, RouteFile};
use crate::plan::{Planner, SkippedRoute};
use crate::store::{Frame, StoreLimits};
use entry::Encoder;
use segment::{BufferPool, Segment};
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
    /// What a segment has room for before it grows, in bytes.
    pub buffer_bytes: usize,
    /// Empty segment buffers that are kept for the next segments.
    pub max_free_buffers: usize,
}

/// What entries are packed for.
#[derive(Clone, Copy, Debug)]
pub struct PackTarget {
    /// How the store wants them laid out.
    pub frame: Frame,
    /// What the store takes. An entry that is larger costs its route.
    pub limits: StoreLimits,
    /// When the site is seeded.
    pub timestamps: Timestamps,
}

/// Packs a site on threads of its own. Dropping it ends them.
pub struct Packer {
    context: Arc<PackContext>,
    threads: Vec<JoinHandle<()>>,
    delivered: mpsc::UnboundedReceiver<Result<Packed, ManifestError>>,
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
    /// Those that are left out, in order.
    pub skipped: Vec<SkippedRoute>,
}

impl Packer {
    /// Starts packing.
    ///
    /// # Errors
    /// If the directory of artifacts is there and cannot be opened, or no thread can be started.
    pub fn start(
        planner: Planner,
        routes: RouteFile,
        artifact_dir: &Path,
        target: PackTarget,
        limits: PackLimits,
    ) -> std::io::Result<Self> {
        let context = Arc::new(PackContext {
            queue: WorkQueue::new(planner.scan().routes, limits.max_segments_ahead),
            routes,
            planner,
            artifacts: ArtifactDir::open(artifact_dir)?,
            encoder: Encoder {
                frame: target.frame,
                limits: target.limits,
                timestamps: target.timestamps,
            },
            pool: BufferPool::new(limits.buffer_bytes, limits.max_free_buffers),
            segment_bytes: limits.segment_bytes,
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
                    let problem = format!("no thread can be started: {error}");
                    return Err(std::io::Error::new(error.kind(), problem));
                }
                // Those that were started do it too.
                Err(_) => break,
            }
        }
        Ok(packer)
    }

    /// The next routes in the manifest's order; `None` after the last.
    ///
    /// # Errors
    /// If there are not as many routes as the scan counted. What was packed until then is sound.
    pub async fn next(&mut self) -> Result<Option<PackedRoutes>, PackError> {
        loop {
            if let Some(packed) = self.waiting.remove(&self.next) {
                self.next = packed.positions.end;
                self.context.queue.release();
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

    fn check_complete(&self) -> Result<(), PackError> {
        let routes = self.context.planner.scan().routes;
        if self.next == routes {
            Ok(())
        } else {
            Err(PackError::Incomplete {
                packed: self.next,
                routes,
            })
        }
    }
}

/// Why packing ended before the last route.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The manifest is not the one that was surveyed.
    #[error(
        "the manifest changed while its routes were packed: {0}; seed again when nothing builds \
         the project any more"
    )]
    ManifestChanged(#[from] ManifestError),
    /// A thread of ours failed. That is a bug.
    #[error(
        "the seeder failed after {packed} of {routes} routes, its message stands above; please \
         report this"
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
            Self::ManifestChanged(_) => "MANIFEST_CHANGED",
            Self::Incomplete { .. } => "INTERNAL_ERROR",
        }
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.context.queue.cancel();
        self.delivered.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has delivered nothing more; its panic is already printed.
            let _ = thread.join();
        }
    }
}
