//! What a store accepts, so that packing and sending stay within it.

/// The limits of one store, all of them inclusive. `usize::MAX` means "no limit".
///
/// Each store has a constant of this type (such as
/// [`cloudflare_kv::LIMITS`](crate::store::cloudflare_kv::LIMITS)) that names the source of every
/// number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoreLimits {
    /// The longest key, in bytes.
    pub max_key_bytes: usize,
    /// The largest value, in bytes, as the store counts it: without the escapes of a
    /// [`Frame`](crate::store::Frame).
    pub max_value_bytes: usize,
    /// The largest metadata of an entry, serialized, in bytes. An entry that has more is stored
    /// without its metadata.
    pub max_metadata_bytes: usize,
    /// The most entries that one request may store.
    pub max_batch_entries: usize,
    /// The largest request body, in bytes, frame included.
    pub max_body_bytes: usize,
    /// The shortest TTL, in seconds. A shorter one is raised to it.
    pub min_ttl_seconds: u64,
}
