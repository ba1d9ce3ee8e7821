//! What the runtime of each vinext generation reads: keys, tags, file names, value fields.
//!
//! In: one page at a time, as plain strings. Out: the exact bytes the runtime will look for.
//! Never: files, clocks, networks, or a version number. Which rules apply is a [`RuntimeProfile`],
//! and which profile applies is found out by [`crate::runtime`].

pub mod artifact_path;
pub mod cache_key;
pub mod kv_key;
pub mod link_header;
pub mod lookup;
pub mod loopback;
pub mod path_hash;
pub mod pathname;
pub mod profile;
pub mod stored_headers;
pub mod tag_list;
pub mod tags;

pub use profile::RuntimeProfile;
