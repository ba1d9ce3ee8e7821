//! Decides which thread packs which routes, and how far ahead of the sender.
//!
//! Invariant: at most a fixed number of ranges are packed and not yet released, in order. That
//! bounds the memory, and it makes a slow network stop the reading.
//!
//! A thread that finds a range too large for one segment gives the rest back, and the rest is
//! given out before anything new. So the range that the sender waits for next is either being
//! packed or given out next: ranges after it cannot delay it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The positions of neighbouring routes in the manifest.
pub(super) type RouteRange = Range<usize>;

/// The work that is left, shared by the packing threads and the consumer of their results.
pub(super) struct WorkQueue {
    state: Mutex<State>,
    changed: Condvar,
    routes: usize,
    max_outstanding: usize,
}

#[derive(Default)]
struct State {
    /// The position of the next unclaimed route.
    next: usize,
    /// Ranges that were given back, by their first position.
    returned: BTreeMap<usize, RouteRange>,
    /// Ranges that are given out and not yet released.
    outstanding: usize,
    is_cancelled: bool,
}

impl WorkQueue {
    /// A queue for a manifest with `routes` routes.
    pub(super) fn new(routes: usize, max_outstanding: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            routes,
            max_outstanding,
        }
    }

    /// Waits for work: the lowest range given back, else up to `max_routes` new routes. `None` when
    /// there is nothing left or everything was cancelled.
    pub(super) fn claim(&self, max_routes: usize) -> Option<RouteRange> {
        let mut state = self.lock();
        loop {
            if state.is_cancelled {
                return None;
            }
            if state.returned.is_empty() && state.next == self.routes {
                return None;
            }
            if state.outstanding < self.max_outstanding {
                state.outstanding += 1;
                if let Some((_, range)) = state.returned.pop_first() {
                    return Some(range);
                }
                let first = state.next;
                state.next = self.routes.min(first + max_routes);
                return Some(first..state.next);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Returns the rest of a claimed range, from a position on.
    pub(super) fn requeue(&self, range: &mut RouteRange, first: usize) {
        let rest = first..range.end;
        range.end = first;
        self.lock().returned.insert(first, rest);
        self.changed.notify_all();
    }

    /// Releases the next range, in order.
    pub(super) fn release(&self) {
        self.lock().outstanding -= 1;
        self.changed.notify_all();
    }

    /// Whether all work was ended.
    pub(super) fn is_cancelled(&self) -> bool {
        self.lock().is_cancelled
    }

    /// Ends all work.
    pub(super) fn cancel(&self) {
        self.lock().is_cancelled = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a thread time to reach the point where it waits to be woken.
    fn let_it_wait() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }

    #[test]
    fn ranges_cover_all_routes_in_order() {
        let queue = WorkQueue::new(10, 9);
        assert_eq!(queue.claim(4), Some(0..4));
        assert_eq!(queue.claim(100), Some(4..10));
        assert_eq!(queue.claim(1), None);
    }

    #[test]
    fn returns_requeued_ranges_first() {
        let queue = WorkQueue::new(10, 9);
        let mut first = queue.claim(4).unwrap();
        queue.claim(2).unwrap();
        queue.requeue(&mut first, 1);
        assert_eq!(first, 0..1);
        assert_eq!(queue.claim(1), Some(1..4));
    }

    #[test]
    fn limits_how_far_threads_run_ahead() {
        let queue = WorkQueue::new(10, 2);
        let mut first = queue.claim(4).unwrap();
        queue.claim(2).unwrap();
        queue.requeue(&mut first, 1);
        for expected in [1..4, 6..7] {
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| queue.claim(1));
                let_it_wait();
                assert!(!waiting.is_finished());
                queue.release();
                assert_eq!(waiting.join().unwrap(), Some(expected));
            });
        }
    }

    #[test]
    fn cancelling_wakes_waiting_threads() {
        let queue = WorkQueue::new(10, 1);
        queue.claim(1).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.claim(1).is_none());
            let_it_wait();
            queue.cancel();
            assert!(waiting.join().unwrap());
        });
    }
}
