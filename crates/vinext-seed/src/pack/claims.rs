//! Which thread packs which routes, and how far ahead of the sender.
//!
//! In: the manifest, route by route. Out: chunks of neighbouring routes, each to one thread.
//! Never: more than a fixed number of chunks that are packed and not yet taken over in order. That
//! bounds the memory, and it makes a slow network stop the reading.
//!
//! A thread that finds a chunk too large for one segment gives the rest back, and the rest is
//! handed out before anything new. The chunk that the sender waits for is handed out even when
//! the bound is reached, so that there is always one thread that can go on.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::manifest::{ManifestProblem, RouteReader};

/// Neighbouring routes of the manifest, raw.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The position of the first route.
    pub(super) first: usize,
    json: Vec<u8>,
    ends: Vec<usize>,
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The raw JSON of one route.
    pub(super) fn route(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.json[start..self.ends[index]]
    }

    /// Cuts off what lies behind the first `index` routes.
    fn split_off(&mut self, index: usize) -> Self {
        let cut = if index == 0 { 0 } else { self.ends[index - 1] };
        let ends = self.ends.split_off(index);
        Self {
            first: self.first + index,
            json: self.json.split_off(cut),
            ends: ends.into_iter().map(|end| end - cut).collect(),
        }
    }
}

/// The work that is left, shared by the packing threads and whoever takes their results over.
pub(super) struct Claims<R> {
    state: Mutex<State<R>>,
    changed: Condvar,
    max_outstanding: usize,
}

struct State<R> {
    /// `None` once the manifest is read to its end.
    reader: Option<RouteReader<R>>,
    /// The position of the next route to be read.
    next: usize,
    /// Chunks that were given back, by their first position.
    returned: BTreeMap<usize, Chunk>,
    /// Chunks that are handed out and not taken over yet.
    outstanding: usize,
    /// The position up to which everything is taken over.
    taken_over: usize,
    is_cancelled: bool,
}

impl<R: Read> Claims<R> {
    pub(super) fn new(reader: RouteReader<R>, max_outstanding: usize) -> Self {
        let state = State {
            reader: Some(reader),
            next: 0,
            returned: BTreeMap::new(),
            outstanding: 0,
            taken_over: 0,
            is_cancelled: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            max_outstanding,
        }
    }

    /// Waits for work: the lowest chunk given back, else up to `max_routes` new routes. `None` when
    /// there is nothing left or everything was cancelled.
    pub(super) fn claim(&self, max_routes: usize) -> Result<Option<Chunk>, ManifestProblem> {
        let mut state = self.lock();
        loop {
            if state.is_cancelled {
                return Ok(None);
            }
            let may_go_ahead = state.outstanding < self.max_outstanding;
            let lowest = state.returned.first_key_value().map(|(&first, _)| first);
            let chunk = match lowest {
                Some(first) if may_go_ahead || first == state.taken_over => {
                    state.returned.remove(&first)
                }
                Some(_) => None,
                None if state.reader.is_none() => return Ok(None),
                None if may_go_ahead => match state.read(max_routes)? {
                    Some(chunk) => Some(chunk),
                    None => continue,
                },
                None => None,
            };
            if let Some(chunk) = chunk {
                state.outstanding += 1;
                return Ok(Some(chunk));
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives back what lies behind the first `index` routes of a claimed chunk.
    pub(super) fn give_back(&self, chunk: &mut Chunk, index: usize) {
        let rest = chunk.split_off(index);
        self.lock().returned.insert(rest.first, rest);
        self.changed.notify_all();
    }

    /// Says that everything up to the end of `positions`, one chunk, was taken over in order.
    pub(super) fn taken_over(&self, positions: Range<usize>) {
        let mut state = self.lock();
        state.outstanding -= 1;
        state.taken_over = positions.end;
        self.changed.notify_all();
    }

    /// Ends all work.
    pub(super) fn cancel(&self) {
        self.lock().is_cancelled = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Read> State<R> {
    fn read(&mut self, max_routes: usize) -> Result<Option<Chunk>, ManifestProblem> {
        let mut chunk = Chunk {
            first: self.next,
            json: Vec::new(),
            ends: Vec::new(),
        };
        while chunk.len() < max_routes {
            let Some(reader) = &mut self.reader else {
                break;
            };
            match reader.next_route()? {
                Some(json) => {
                    chunk.json.extend_from_slice(json);
                    chunk.ends.push(chunk.json.len());
                }
                None => self.reader = None,
            }
        }
        self.next += chunk.len();
        Ok(Some(chunk).filter(|chunk| chunk.len() > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(max_outstanding: usize) -> Claims<&'static [u8]> {
        let manifest: &[u8] = br#"{"buildId":"b","routes":[0,1,2,3,4,5,6,7,8,9]}"#;
        Claims::new(RouteReader::new(manifest), max_outstanding)
    }

    fn routes(chunk: &Chunk) -> Vec<&[u8]> {
        (0..chunk.len()).map(|index| chunk.route(index)).collect()
    }

    #[test]
    fn chunks_follow_each_other_to_the_end() {
        let claims = claims(9);
        let first = claims.claim(4).unwrap().unwrap();
        let second = claims.claim(100).unwrap().unwrap();
        assert_eq!(
            (first.first, routes(&first)),
            (0, vec![&b"0"[..], b"1", b"2", b"3"])
        );
        assert_eq!((second.first, second.len()), (4, 6));
        assert!(claims.claim(1).unwrap().is_none());
    }

    #[test]
    fn what_is_given_back_is_handed_out_first() {
        let claims = claims(9);
        let mut first = claims.claim(4).unwrap().unwrap();
        claims.claim(2).unwrap().unwrap();
        claims.give_back(&mut first, 1);
        assert_eq!(routes(&first), [b"0"]);
        let rest = claims.claim(1).unwrap().unwrap();
        assert_eq!(
            (rest.first, routes(&rest)),
            (1, vec![&b"1"[..], b"2", b"3"])
        );
    }

    #[test]
    fn the_chunk_that_is_waited_for_is_handed_out_beyond_the_bound() {
        let claims = claims(2);
        let mut first = claims.claim(4).unwrap().unwrap();
        claims.claim(2).unwrap().unwrap();
        claims.give_back(&mut first, 1);
        // Two are outstanding. The first is taken over; its rest may go on, nothing new may.
        claims.taken_over(0..1);
        claims.claim(1).unwrap().unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| claims.claim(1).unwrap().map(|chunk| chunk.first));
            claims.taken_over(1..4);
            assert_eq!(waiting.join().unwrap(), Some(6));
        });
    }

    #[test]
    fn cancelling_wakes_who_waits() {
        let claims = claims(1);
        claims.claim(1).unwrap().unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| claims.claim(1).unwrap().is_none());
            claims.cancel();
            assert!(waiting.join().unwrap());
        });
    }

    #[test]
    fn a_manifest_that_broke_since_it_was_surveyed_is_an_error() {
        let broken: &[u8] = br#"{"buildId":"b","routes":[0,"#;
        let claims = Claims::new(RouteReader::new(broken), 9);
        assert!(claims.claim(9).is_err());
    }
}
