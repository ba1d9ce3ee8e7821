//! Queues pages that a caller passes in for the packing threads.
//!
//! Invariant: pages wait outside until there is room, so no more is held than the limit, or a single page
//! that is larger. A page that cannot be used ends the queue; those before it are packed.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::PackLimits;
use super::page::{Page, PageError};

/// How many pages a thread takes at a time at most, however small they are.
const MAX_CHUNK_PAGES: usize = 1024;

/// The queue between the caller and the packing threads.
#[derive(Debug, Default)]
pub struct PageQueue {
    state: Mutex<State>,
    /// Wakes the packing threads.
    changed: Condvar,
    /// Wakes the caller.
    has_room: Notify,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    limits: Option<PackLimits>,
    waiting: VecDeque<Page>,
    waiting_bytes: usize,
    /// Bytes of the pages that are waiting or being packed.
    held_bytes: usize,
    accepted: usize,
    /// How many were given to threads.
    claimed: usize,
    /// Chunks that are given out and not released yet.
    outstanding: usize,
    /// The keys of the pages, hashed, as in a manifest's index.
    keys: HashSet<u64>,
    /// Whether the caller waits to pass in the next page.
    is_pushing: bool,
    /// Whether no more come.
    is_over: bool,
    failure: Option<PageError>,
    is_cancelled: bool,
}

impl State {
    fn has_room(&self, bytes: usize) -> bool {
        let Some(limits) = &self.limits else {
            return false;
        };
        let max_bytes = limits.segment_bytes * limits.max_segments_ahead;
        self.held_bytes == 0 || self.held_bytes + bytes <= max_bytes
    }

    /// Whether a thread should take what is waiting: a segment's worth, or all there will be for now.
    fn is_worth_packing(&self, segment_bytes: usize) -> bool {
        let is_ready = self.waiting_bytes >= segment_bytes
            || self.waiting.len() >= MAX_CHUNK_PAGES
            || self.is_pushing
            || self.is_over;
        is_ready && !self.waiting.is_empty()
    }

    /// Neighbouring pages for one segment, at least one. A page that is larger than a segment begins
    /// its own.
    fn take_chunk(&mut self, segment_bytes: usize) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut bytes = 0;
        while let Some(page) = self.waiting.pop_front() {
            bytes += page.bytes();
            pages.push(page);
            let next_is_large =
                (self.waiting.front()).is_some_and(|next| next.bytes() > segment_bytes);
            if bytes >= segment_bytes || pages.len() >= MAX_CHUNK_PAGES || next_is_large {
                break;
            }
        }
        self.waiting_bytes -= bytes;
        pages
    }
}

/// Pages that a thread packs.
#[derive(Debug)]
pub(super) struct PageChunk {
    /// The first one's position.
    pub(super) start: usize,
    pub(super) pages: Vec<Page>,
}

impl PageQueue {
    /// A queue without pages.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Waits until pages are accepted.
    pub async fn opened(&self) {
        loop {
            let mut has_room = pin!(self.has_room.notified());
            has_room.as_mut().enable();
            if self.lock().limits.is_some() {
                return;
            }
            has_room.await;
        }
    }

    /// Adds the next page as soon as there is room for it. `false` if no more are wanted: the run has
    /// ended, or this page cannot be used.
    pub async fn push(&self, page: Page) -> bool {
        let bytes = page.bytes();
        let checked = page.check();
        loop {
            let mut has_room = pin!(self.has_room.notified());
            has_room.as_mut().enable();
            {
                let mut state = self.lock();
                if state.is_over || state.is_cancelled {
                    return false;
                }
                if state.has_room(bytes) {
                    state.is_pushing = false;
                    let problem = match &checked {
                        Ok(key) => (!state.keys.insert(self.hasher.hash_one(key)))
                            .then(|| "an earlier page has the same cache key".to_owned()),
                        Err(problem) => Some(problem.clone()),
                    };
                    if let Some(problem) = problem {
                        let error = page.invalid(state.accepted, &problem);
                        end(&mut state, Some(error));
                        self.changed.notify_all();
                        return false;
                    }
                    state.held_bytes += bytes;
                    state.waiting_bytes += bytes;
                    state.accepted += 1;
                    state.waiting.push_back(page);
                    self.changed.notify_all();
                    return true;
                }
                state.is_pushing = true;
                self.changed.notify_all();
            }
            has_room.await;
        }
    }

    /// Ends the pages, with the reason if there is one.
    pub fn finish(&self, failure: Option<PageError>) {
        end(&mut self.lock(), failure);
        self.changed.notify_all();
        self.has_room.notify_waiters();
    }

    /// How many pages were accepted.
    pub(super) fn accepted(&self) -> usize {
        self.lock().accepted
    }

    /// Why the pages ended, if that is an error.
    pub(super) fn failure(&self) -> Option<PageError> {
        self.lock().failure.clone()
    }

    /// Starts accepting pages.
    pub(super) fn open(&self, limits: PackLimits) {
        self.lock().limits = Some(limits);
        self.has_room.notify_waiters();
    }

    /// Waits for pages. `None` when there are no more, or everything was cancelled.
    pub(super) fn claim(&self) -> Option<PageChunk> {
        let mut state = self.lock();
        loop {
            if state.is_cancelled || (state.is_over && state.waiting.is_empty()) {
                return None;
            }
            if let Some(PackLimits {
                segment_bytes,
                max_segments_ahead,
                ..
            }) = state.limits
                && state.outstanding < max_segments_ahead
                && state.is_worth_packing(segment_bytes)
            {
                let pages = state.take_chunk(segment_bytes);
                let start = state.claimed;
                state.claimed += pages.len();
                state.outstanding += 1;
                return Some(PageChunk { start, pages });
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Records that a page is packed, which releases its memory.
    pub(super) fn packed(&self, page: Page) {
        let bytes = page.bytes();
        drop(page);
        self.lock().held_bytes -= bytes;
        self.has_room.notify_waiters();
    }

    /// Releases the next chunk, in order.
    pub(super) fn release(&self) {
        self.lock().outstanding -= 1;
        self.changed.notify_all();
    }

    /// Ends all work.
    pub(super) fn cancel(&self) {
        self.lock().is_cancelled = true;
        self.changed.notify_all();
        self.has_room.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(state: &mut State, failure: Option<PageError>) {
    if !state.is_over {
        state.is_over = true;
        state.failure = failure;
    }
}
