//! The memory budget shared by all packing threads and by the segments that are not yet sent.
//!
//! Everything large is counted here before it is allocated: segments until the last batch with a part
//! of them is sent, and large artifacts while they are encoded.
//!
//! Invariant: nothing waits for a thread that is waiting for memory. Only the routes that the
//! sender needs next may exceed the budget, when nothing else would ever release memory.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The share of the budget, as a divisor, that large artifacts may use before it is their turn. The
/// rest is left to what the sender waits for.
const AHEAD_SHARE: usize = 4;

/// Memory, in bytes, and who uses it.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    state: Mutex<State>,
    changed: Condvar,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    used: usize,
    /// The position of the routes that the sender needs next.
    head: usize,
    /// Whether nothing is being sent that would give memory back.
    is_starving: bool,
    is_cancelled: bool,
    /// Threads that wait.
    waiting: usize,
}

impl MemoryBudget {
    pub(super) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            max_bytes,
        })
    }

    /// Counts memory that is taken without waiting.
    pub(super) fn add(self: &Arc<Self>, bytes: usize) -> Reservation {
        self.lock().used += bytes;
        Reservation {
            budget: Arc::clone(self),
            bytes,
        }
    }

    /// Waits until there is room for routes from `position` on. `None` when everything was cancelled.
    ///
    /// `spare` releases what is kept for later, if anything, and returns whether it did.
    pub(super) fn reserve(
        self: &Arc<Self>,
        position: usize,
        bytes: usize,
        mut spare: impl FnMut() -> bool,
    ) -> Option<Reservation> {
        let mut state = self.lock();
        loop {
            if state.is_cancelled {
                return None;
            }
            if self.has_room(&state, position, bytes) {
                state.used += bytes;
                return Some(Reservation {
                    budget: Arc::clone(self),
                    bytes,
                });
            }
            drop(state);
            let has_spared = spare();
            state = self.lock();
            // What was freed while the lock was released may be enough.
            if has_spared || self.has_room(&state, position, bytes) {
                continue;
            }
            state.waiting += 1;
            state = self.wait(state);
            state.waiting -= 1;
        }
    }

    fn has_room(&self, state: &State, position: usize, bytes: usize) -> bool {
        let is_head = position <= state.head;
        let max_bytes = if is_head {
            self.max_bytes
        } else {
            self.max_bytes / AHEAD_SHARE
        };
        state.used.saturating_add(bytes) <= max_bytes || is_head && state.is_starving
    }

    /// Whether a thread waits for memory, so that none should be kept for later.
    pub(super) fn is_short(&self) -> bool {
        self.lock().waiting > 0
    }

    /// The sender needs the routes from `head` on next; `is_starving` says that nothing is being sent
    /// meanwhile.
    pub(super) fn needs(&self, head: usize, is_starving: bool) {
        let mut state = self.lock();
        if (state.head, state.is_starving) != (head, is_starving) {
            state.head = head;
            state.is_starving = is_starving;
            self.changed.notify_all();
        }
    }

    /// Ends all waiting.
    pub(super) fn cancel(&self) {
        self.lock().is_cancelled = true;
        self.changed.notify_all();
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.lock().used
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory that is in use until this is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Reservation {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts `other` as part of this one.
    pub(super) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Sets it to `bytes`, without waiting.
    pub(super) fn set(&mut self, bytes: usize) {
        if bytes != self.bytes {
            let mut state = self.budget.lock();
            state.used = state.used - self.bytes + bytes;
            if bytes < self.bytes {
                self.budget.changed.notify_all();
            }
            self.bytes = bytes;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Gives a thread time to reach the point where it waits to be woken.
    fn let_it_wait() {
        std::thread::sleep(Duration::from_millis(50));
    }

    fn nothing_to_spare() -> bool {
        false
    }

    #[test]
    fn waits_until_there_is_room() {
        let budget = MemoryBudget::new(100);
        let held = budget.add(90);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.reserve(0, 50, nothing_to_spare));
            let_it_wait();
            assert!(!waiting.is_finished());
            assert!(budget.is_short());
            drop(held);
            assert_eq!(waiting.join().unwrap().unwrap().bytes(), 50);
        });
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn exceeds_the_budget_only_for_the_head_of_a_starving_sender() {
        let budget = MemoryBudget::new(100);
        let _held = budget.add(90);
        budget.needs(7, false);
        std::thread::scope(|scope| {
            let ahead = scope.spawn(|| budget.reserve(8, 50, nothing_to_spare).is_none());
            let head = scope.spawn(|| budget.reserve(7, 50, nothing_to_spare));
            let_it_wait();
            assert!(!head.is_finished());
            budget.needs(7, true);
            assert_eq!(head.join().unwrap().unwrap().bytes(), 50);
            assert!(!ahead.is_finished());
            budget.cancel();
            assert!(ahead.join().unwrap());
        });
    }

    #[test]
    fn leaves_room_for_the_head() {
        let budget = MemoryBudget::new(100);
        let ahead = budget.reserve(1, 25, nothing_to_spare).unwrap();
        let head = budget.reserve(0, 75, nothing_to_spare).unwrap();
        assert_eq!(budget.used(), 100);
        drop((ahead, head));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn uses_memory_kept_for_later() {
        let budget = MemoryBudget::new(100);
        let mut kept = Some(budget.add(90));
        let reserved = budget.reserve(0, 50, || kept.take().is_some());
        assert_eq!(reserved.unwrap().bytes(), 50);
        assert!(kept.is_none());
    }

    #[test]
    fn reservations_can_be_joined_and_changed() {
        let budget = MemoryBudget::new(100);
        let mut one = budget.add(10);
        one.join(budget.add(20));
        assert_eq!((one.bytes(), budget.used()), (30, 30));
        one.set(5);
        assert_eq!(budget.used(), 5);
        drop(one);
        assert_eq!(budget.used(), 0);
    }
}
