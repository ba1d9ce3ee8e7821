//! Finds the routes that may become entries, and hashes their cache keys to detect duplicates.
//!
//! Reading stays on the calling thread; up to `MAX_PARSERS` others parse, because parsing takes
//! longer. Most sites are read before there is anything to share. Routes are not kept.

use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::sync::mpsc::{self, Receiver, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

use super::is_fallback_shell;
use crate::files;
use crate::formats::pages_key::pages_cache_key;
use crate::formats::pathname::cache_pathname;
use crate::manifest::{
    ManifestError, RawRoute, RenderStatus, Route, RouteIndex, RouteReader, RouterKind,
};

/// The most threads that parse besides the one that reads, which is then what the rest wait for.
const MAX_PARSERS: usize = 3;

/// How much is passed to another thread at a time, in bytes: a hundred routes or more.
const PORTION_BYTES: usize = 64 * 1024;

/// The largest portion that is passed to another thread, in bytes: several wait at a time, and a
/// route may have 1 MiB.
const MAX_SHARED_BYTES: usize = 256 * 1024;

/// The candidates among some routes, in no particular order.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    /// Each one's key, hashed, and its position. Two of a million different keys share a hash once
    /// in forty million runs; the later route is then reported as a duplicate and filled by its
    /// first visitor.
    keys: Vec<(u64, usize)>,
    has_root: bool,
    has_index: bool,
    /// Whether any is of the App Router, and of the Pages Router.
    has_app: bool,
    has_pages: bool,
    /// Each one's file as disks that ignore case name it, hashed, and its position; nothing if the build
    /// is on another disk.
    names: Vec<(u64, usize)>,
}

/// How candidates are compared.
#[derive(Clone, Debug, Default)]
struct Comparison {
    state: RandomState,
    /// Whether the names of their files are compared too, without case.
    folds_names: bool,
}

impl KeyIndex {
    /// Reads to the end of the document, and records every route's position in `index`.
    pub(super) fn find<R: Read>(
        reader: &mut RouteReader<R>,
        index: &mut RouteIndex,
        folds_names: bool,
    ) -> Result<Self, ManifestError> {
        let state = Comparison {
            folds_names,
            ..Comparison::default()
        };
        let helpers = thread::available_parallelism().map_or(0, |all| all.get() - 1);
        let (hand_over, handed_over) = mpsc::sync_channel(MAX_PARSERS);
        let handed_over = Mutex::new(handed_over);
        thread::scope(|scope| {
            let mut own = Parsed::default();
            let mut parsers = Vec::new();
            let read = loop {
                let portion = match Portion::read(reader, index) {
                    Ok(Some(portion)) => portion,
                    end => break end.map(|_| ()),
                };
                if portion.first > 0 && parsers.is_empty() {
                    let parse = || Parsed::all_of(&handed_over, &state);
                    parsers.extend((0..helpers.min(MAX_PARSERS)).map_while(|_| {
                        let named = thread::Builder::new().name("vinext-seed plan".to_owned());
                        named.spawn_scoped(scope, parse).ok()
                    }));
                }
                let left = if parsers.is_empty() || portion.json.len() > MAX_SHARED_BYTES {
                    Some(portion)
                } else {
                    refused(hand_over.try_send(portion))
                };
                // While all other threads are busy, the reading thread parses too.
                if let Some(portion) = left {
                    own.add(&portion, &state);
                }
                if own.problem.is_some() {
                    break Ok(());
                }
            };
            drop(hand_over);
            let parsed = parsers.into_iter().map(joined).fold(own, Parsed::join);
            // The parse error is at an earlier position than the read error.
            match (parsed.problem, read) {
                (Some((_, problem)), _) | (None, Err(problem)) => Err(problem),
                (None, Ok(())) => Ok(parsed.candidates),
            }
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    /// Whether both `/` and `/index` are among them.
    pub(super) fn has_root_and_index(&self) -> bool {
        self.has_root && self.has_index
    }

    /// The positions of those whose file another's shares on a disk that ignores case, ascending.
    pub(super) fn take_twins(&mut self) -> Vec<usize> {
        let mut names = std::mem::take(&mut self.names);
        names.sort_unstable();
        let pairs = names.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let mut twins: Vec<usize> = pairs.flat_map(|pair| [pair[0].1, pair[1].1]).collect();
        twins.sort_unstable();
        twins.dedup();
        twins
    }

    /// Whether any is of the App Router, and of the Pages Router.
    pub(super) fn routers(&self) -> (bool, bool) {
        (self.has_app, self.has_pages)
    }

    /// The positions of those whose key an earlier one has, ascending.
    pub(super) fn into_duplicates(mut self) -> Vec<usize> {
        self.keys.sort_unstable();
        let pairs = self.keys.windows(2);
        let mut duplicates: Vec<usize> = pairs
            .filter(|pair| pair[0].0 == pair[1].0)
            .map(|pair| pair[1].1)
            .collect();
        duplicates.sort_unstable();
        duplicates
    }

    fn add(&mut self, position: usize, route: &Route<'_>, comparison: &Comparison) {
        let pathname = route.pathname();
        let state = &comparison.state;
        if comparison.folds_names {
            let is_metadata = route.router == RouterKind::Metadata;
            let name = pathname.trim_end_matches('/');
            let name = state.hash_one((is_metadata, files::folded(name)));
            self.names.push((name, position));
        }
        let hash = if route.router == RouterKind::Pages {
            self.has_pages = true;
            state.hash_one(pages_cache_key("", pathname, route.locale.as_deref()))
        } else {
            self.has_app = true;
            self.has_root |= pathname == "/";
            self.has_index |= pathname == "/index";
            let pathname = cache_pathname(pathname);
            let normalized = pathname.strip_suffix('/').unwrap_or(&pathname);
            let is_page = route.router == RouterKind::App;
            state.hash_one((is_page, normalized))
        };
        self.keys.push((hash, position));
    }
}

/// What one thread has found.
#[derive(Default)]
struct Parsed {
    candidates: KeyIndex,
    /// The first route that is not valid JSON, and its position.
    problem: Option<(usize, ManifestError)>,
}

impl Parsed {
    /// Parses the received portions, up to the end or the first error.
    fn all_of(handed_over: &Mutex<Receiver<Portion>>, state: &Comparison) -> Self {
        let mut parsed = Self::default();
        let next = || {
            let handed_over = handed_over.lock().unwrap_or_else(PoisonError::into_inner);
            handed_over.recv().ok()
        };
        while parsed.problem.is_none()
            && let Some(portion) = next()
        {
            parsed.add(&portion, state);
        }
        parsed
    }

    fn add(&mut self, portion: &Portion, state: &Comparison) {
        let mut rest = portion.json.as_slice();
        for (position, &bytes) in (portion.first..).zip(&portion.lengths) {
            let (json, after) = rest.split_at(bytes);
            rest = after;
            let parsed = with_route(json, |route| {
                if let Some(route) = route.filter(is_candidate) {
                    self.candidates.add(position, &route, state);
                }
            });
            if let Err(problem) = parsed {
                self.problem = Some((position, problem));
                return;
            }
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.candidates.keys.extend(other.candidates.keys);
        self.candidates.names.extend(other.candidates.names);
        self.candidates.has_root |= other.candidates.has_root;
        self.candidates.has_index |= other.candidates.has_index;
        self.candidates.has_app |= other.candidates.has_app;
        self.candidates.has_pages |= other.candidates.has_pages;
        let problems = [self.problem, other.problem].into_iter().flatten();
        self.problem = problems.min_by_key(|&(position, _)| position);
        self
    }
}

fn refused(offer: Result<(), TrySendError<Portion>>) -> Option<Portion> {
    match offer {
        Ok(()) => None,
        Err(TrySendError::Full(portion) | TrySendError::Disconnected(portion)) => Some(portion),
    }
}

fn joined(parser: ScopedJoinHandle<'_, Parsed>) -> Parsed {
    parser
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Neighbouring routes from the file, without what separates them.
struct Portion {
    /// The position of the first.
    first: usize,
    lengths: Vec<usize>,
    json: Vec<u8>,
}

impl Portion {
    /// The next routes; `None` at the end of the document.
    fn read<R: Read>(
        reader: &mut RouteReader<R>,
        index: &mut RouteIndex,
    ) -> Result<Option<Self>, ManifestError> {
        let mut portion = Self {
            first: index.len(),
            lengths: Vec::new(),
            json: Vec::with_capacity(PORTION_BYTES),
        };
        while portion.json.len() < PORTION_BYTES
            && let Some(json) = reader.next_route()?
        {
            let bytes = json.len();
            portion.lengths.push(bytes);
            portion.json.extend_from_slice(json);
            // The reader takes no route that is larger than 1 MiB.
            let length = u32::try_from(bytes).map_err(std::io::Error::other);
            let length = length.map_err(ManifestError::Unreadable)?;
            index.push(reader.offset() - u64::from(length), length);
        }
        Ok(Some(portion).filter(|portion| !portion.lengths.is_empty()))
    }
}

/// Calls `visit` with the route in `json`, or with `None` if it does not contain a valid one.
///
/// Invalid UTF-8 becomes U+FFFD, as when Node reads the file: such a route then names a file that
/// does not exist.
fn with_route(json: &[u8], visit: impl FnOnce(Option<Route<'_>>)) -> Result<(), ManifestError> {
    let json = files::text(json);
    let raw = RawRoute::parse(&json).map_err(ManifestError::not_json)?;
    visit(raw.and_then(|raw| raw.validate().ok()));
    Ok(())
}

fn is_candidate(route: &Route<'_>) -> bool {
    route.status == RenderStatus::Rendered
        && route.router != RouterKind::Other
        && !is_fallback_shell(route)
}

#[cfg(test)]
mod tests;
