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

/// The global variable with the list of pre-rendered paths, since 0.1.6.
const RENDERED_PATHS: &str = "globalThis.__VINEXT_PREGENERATED_CONCRETE_PATHS";

/// Inspects the built Worker of the project in `root`. Facts that its code does not show are unknown.
#[must_use]
pub fn inspect(root: &Path) -> WorkerFacts {
    facts_of(&Bundle::read(root))
}

/// Inspects a Worker that has one file.
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
    // A Worker that constructs its KV handler itself need not pass bindings to vinext.
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

/// Whether the list of pre-rendered paths has been written into the Worker: before the entry's code up to
/// 1.0.0-beta.9, later into a separate module.
fn lists_rendered_paths(bundle: &Bundle) -> Fact<bool> {
    if bundle.contains(RENDERED_PATHS) {
        Fact::Known(bundle.contains(&format!("{RENDERED_PATHS} = [")))
    } else {
        Fact::Unknown
    }
}

#[cfg(test)]
mod tests;
