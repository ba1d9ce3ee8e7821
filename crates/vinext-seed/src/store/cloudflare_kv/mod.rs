//! Workers KV, through Cloudflare's REST API.

mod limits;

pub use limits::LIMITS;
