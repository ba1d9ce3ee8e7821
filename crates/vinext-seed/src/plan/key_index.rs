//! Finds the routes that may become entries, and hashes their cache keys to detect duplicates.
//!
//! The calling thread reads and up to [`MAX_PARSERS`] others parse, because parsing takes longer. Most
//! sites fit into the first portion, which the calling thread parses itself. Routes are not kept.

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

/// The most threads that parse besides the reading one. More of them would wait for the reader.
const MAX_PARSERS: usize = 3;

/// How much is sent to another thread at a time, in bytes: a hundred routes or more.
const PORTION_BYTES: usize = 64 * 1024;

/// The largest portion that is sent to another thread, in bytes. Several are queued at a time, and a route
/// may have 1 MiB.
const MAX_SHARED_BYTES: usize = 256 * 1024;

/// The candidates among the routes, in no particular order.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    /// The hash of each candidate's key, and its position. Two of a million different keys have the same
    /// hash once in forty million runs; the later route is then skipped as a duplicate and rendered on
    /// its first visit.
    keys: Vec<(u64, usize)>,
    has_root: bool,
    has_index: bool,
    /// Whether any belongs to the App Router or the Pages Router.
    has_app: bool,
    has_pages: bool,
    /// The hash of each candidate's case-folded file name, and its position. Empty if the disk
    /// distinguishes case.
    names: Vec<(u64, usize)>,
}

/// How candidates are compared.
#[derive(Clone, Debug, Default)]
struct Comparison {
    state: RandomState,
    /// Whether file names are compared too, ignoring case.
    folds_names: bool,
}

impl KeyIndex {
    /// Reads to the end of the document, and adds every route's position to `index`.
    pub(super) fn find<R: Read>(
        reader: &mut RouteReader<R>,
        index: &mut RouteIndex,
        folds_names: bool,
    ) -> Result<Self, ManifestError> {
        let state = Comparison {
            folds_names,
            ..Comparison::default()
        };
        let other_processors = thread::available_parallelism().map_or(0, |all| all.get() - 1);
        let (sender, receiver) = mpsc::sync_channel(MAX_PARSERS);
        let receiver = Mutex::new(receiver);
        thread::scope(|scope| {
            let mut own = Parsed::default();
            let mut parsers = Vec::new();
            let read = loop {
                let portion = match Portion::read(reader, index) {
                    Ok(Some(portion)) => portion,
                    end => break end.map(|_| ()),
                };
                if portion.first > 0 && parsers.is_empty() {
                    let parse = || Parsed::all_of(&receiver, &state);
                    parsers.extend((0..other_processors.min(MAX_PARSERS)).map_while(|_| {
                        let named = thread::Builder::new().name("vinext-seed plan".to_owned());
                        named.spawn_scoped(scope, parse).ok()
                    }));
                }
                let left = if parsers.is_empty() || portion.json.len() > MAX_SHARED_BYTES {
                    Some(portion)
                } else {
                    refused(sender.try_send(portion))
                };
                // If all other threads are busy, the reading thread parses too.
                if let Some(portion) = left {
                    own.add(&portion, &state);
                }
                if own.problem.is_some() {
                    break Ok(());
                }
            };
            drop(sender);
            let parsed = parsers.into_iter().map(joined).fold(own, Parsed::join);
            // A parse error is at an earlier position than a read error.
            match (parsed.problem, read) {
                (Some((_, problem)), _) | (None, Err(problem)) => Err(problem),
                (None, Ok(())) => Ok(parsed.candidates),
            }
        })
    }

    /// The number of candidates.
    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    /// Whether both `/` and `/index` are candidates.
    pub(super) fn has_root_and_index(&self) -> bool {
        self.has_root && self.has_index
    }

    /// The positions of candidates whose file names differ from others only in case, ascending.
    pub(super) fn take_shared_names(&mut self) -> Vec<usize> {
        let mut names = std::mem::take(&mut self.names);
        names.sort_unstable();
        let pairs = names.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let mut shared: Vec<usize> = pairs.flat_map(|pair| [pair[0].1, pair[1].1]).collect();
        shared.sort_unstable();
        shared.dedup();
        shared
    }

    /// Whether any candidate belongs to the App Router, and whether any belongs to the Pages Router.
    pub(super) fn routers(&self) -> (bool, bool) {
        (self.has_app, self.has_pages)
    }

    /// The positions of candidates that have the key of an earlier one, ascending.
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

/// What one thread has parsed.
#[derive(Default)]
struct Parsed {
    candidates: KeyIndex,
    /// The first route that is not valid JSON, and its position.
    problem: Option<(usize, ManifestError)>,
}

impl Parsed {
    /// Parses portions until there are no more or one is invalid.
    fn all_of(receiver: &Mutex<Receiver<Portion>>, state: &Comparison) -> Self {
        let mut parsed = Self::default();
        let next = || {
            let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
            receiver.recv().ok()
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

/// Adjacent routes from the file, without the separators.
struct Portion {
    /// The position of the first route.
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
            // The reader rejects routes larger than 1 MiB.
            let length = u32::try_from(bytes).map_err(std::io::Error::other);
            let length = length.map_err(ManifestError::Unreadable)?;
            index.push(reader.offset() - u64::from(length), length);
        }
        Ok(Some(portion).filter(|portion| !portion.lengths.is_empty()))
    }
}

/// Calls `visit` with the route in `json`, or with `None` if it does not contain a valid one.
///
/// Invalid UTF-8 becomes U+FFFD, as when Node reads the file. Such a route names a file that does not
/// exist.
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
