//! What the runtime of each vinext format reads: keys, tags, file names and value fields.
//!
//! Pure functions without files, clocks, networks or version numbers. Which rules apply is a
//! [`RuntimeProfile`]; [`crate::runtime`] chooses it.

pub mod artifact_path;
pub mod build_record;
pub mod cache_key;
pub mod kv_key;
pub mod link_header;
pub mod lookup;
pub mod loopback;
pub mod pages_key;
pub mod path_hash;
pub mod pathname;
pub mod profile;
pub mod stored_headers;
pub mod tag_list;
pub mod tags;

pub use profile::RuntimeProfile;
