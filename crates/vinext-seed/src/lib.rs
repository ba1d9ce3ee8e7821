//! Puts the pages that a vinext build has pre-rendered into its cache, before the first visitor
//! arrives.
//!
//! Data flows one way, and each stage knows only those before it:
//!
//! [`manifest`] → [`plan`] → [`pack`] → [`send`] → [`report`]
//!
//! [`formats`] says what the runtime of each vinext version reads, [`runtime`] finds out which
//! version that is, and [`seed()`] joins the stages. [`estimate()`] and [`export()`] do the same up
//! to the sending: one counts, the other writes files.
//!
//! In: a build on disk, a namespace and a token. Out: a [`SeedReport`], or a [`SeedError`] that
//! carries one. Never: a word of Node, a terminal or wrangler; those are the callers' business.

mod files;
pub mod flight;
pub mod formats;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod manifest;
pub mod pack;
pub mod plan;
pub mod progress;
pub mod report;
pub mod runtime;
pub mod sanitized_text;
mod seed;
pub mod send;
pub mod store;

pub use progress::{Observer, Phase, Progress};
pub use report::SeedReport;
pub use seed::{
    BuildOptions, DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_MEMORY_BYTES, EntrySize, Estimate, Export,
    ExportFile, LARGEST_ENTRIES, Limits, MAX_CONCURRENCY, SeedError, SeedOptions, estimate, export,
    seed,
};
pub use tokio_util::sync::CancellationToken;
