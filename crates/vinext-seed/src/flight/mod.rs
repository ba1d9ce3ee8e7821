//! React Flight payloads (`.rsc` files), and what they tell about how a page was rendered.

mod embedded;
mod json_members;
mod render;
mod rows;

pub use embedded::embedded_payload;
pub use render::{Expected, Render, render_of};
pub use rows::{FlightError, Row, RowKind, Rows, rows};
