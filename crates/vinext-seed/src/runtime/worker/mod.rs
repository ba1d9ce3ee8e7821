//! Reads what the built Worker's own code shows: its cache adapter, its options and its keys.
//!
//! Packages may have been updated since the build, the configuration may depend on variables that only
//! the build had, and the manifest may belong to another build. The bundle is what gets deployed, so it
//! takes precedence over all of them.

mod adapter;
mod bundle;
mod cache_components;
mod check;
mod entry;
mod facts;
mod handlers;
mod rewrites;
mod surroundings;

use std::path::Path;

use bundle::Bundle;
pub use check::WorkerError;
pub(crate) use check::{check, check_other_store};
pub use facts::{DataCache, Fact, WorkerFacts};
pub use rewrites::has_rewrites;

use super::javascript::Program;

/// Part of every bundle of 0.0.31 to 1.4.0, in the code that builds cache keys.
const KEY_CODE: &str = ":__hash:";

/// The global variable in which a Worker has the list of paths that were pre-rendered, from 0.1.6 on.
const RENDERED_PATHS: &str = "globalThis.__VINEXT_PREGENERATED_CONCRETE_PATHS";

/// Looks at the Worker that a project's build left.
#[must_use]
pub fn inspect(root: &Path) -> WorkerFacts {
    facts_of(&Bundle::read(root))
}

/// What a Worker of one file shows.
#[cfg(fuzzing)]
#[must_use]
pub fn facts_of_code(code: &str) -> WorkerFacts {
    facts_of(&Bundle::of_code(code))
}

fn facts_of(bundle: &Bundle) -> WorkerFacts {
    if !bundle.contains(KEY_CODE) {
        return WorkerFacts::default();
    }
    let program = Program::new(&bundle.files);
    // A Worker that constructs its KV handler itself needs no bindings in vinext's.
    let passes_env = if bundle.contains(adapter::DATA_REGISTRATION) {
        entry::passes_env(&program)
    } else {
        Fact::Unknown
    };
    WorkerFacts {
        passes_env,
        cache_components: cache_components::find(&program),
        lists_rendered_paths: lists_rendered_paths(bundle),
        ..adapter::find(&program)
    }
}

/// Whether the list of rendered paths has been written into the Worker: in front of the entry's code up
/// to 1.0.0-beta.9, later into a module of its own.
fn lists_rendered_paths(bundle: &Bundle) -> Fact<bool> {
    if bundle.contains(RENDERED_PATHS) {
        Fact::Known(bundle.contains(&format!("{RENDERED_PATHS} = [")))
    } else {
        Fact::Unknown
    }
}

#[cfg(test)]
mod tests;
