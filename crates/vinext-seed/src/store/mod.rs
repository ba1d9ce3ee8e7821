//! Stores: where entries go, behind one interface.

pub mod cloudflare_kv;
mod frame;
mod limits;

pub use frame::Frame;
pub use limits::StoreLimits;
