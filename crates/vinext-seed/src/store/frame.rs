//! How entries are laid out in the body of a request.

/// How a store wants entries encoded. Packing encodes them once, in this form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// A JSON array of objects with the members `key`, `value` (a JSON string), `expiration_ttl`
    /// and `metadata`: the body of a bulk write of Workers KV. Many entries share a request.
    BulkJson,
    /// The bytes of each value as the runtime reads them, without escapes or separators. Key, TTL
    /// and metadata are not part of the bytes.
    RawValue,
}
