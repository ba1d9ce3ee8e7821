//! Reads React Flight payloads (`.rsc` files) to recognize failed renders.

mod embedded;
mod json_members;
mod render;
mod rows;

pub use embedded::embedded_payload;
pub use render::{Expected, Render, render_of};
pub use rows::{FlightError, Row, RowKind, Rows, rows};
