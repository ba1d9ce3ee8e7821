//! Entry points for the fuzz targets in `fuzz/`, compiled only for fuzzing.

use std::io::Read;

pub use crate::pack::fuzzing::{Encoded, encode, escape};
pub use crate::store::cloudflare_kv::fuzzing::{Classified, classify, exhausted_for, retry_after};

pub use crate::runtime::worker::facts_of_code;

use crate::manifest::RouteReader;

/// Reads a manifest from anywhere.
pub fn read_manifest<R: Read>(source: R) -> RouteReader<R> {
    RouteReader::new(source)
}
