//! Reads enough JavaScript to determine the options of a bundle.
//!
//! Invariants: code that is not understood is an error or [`Value::Unknown`], never a guess. Work and memory
//! are bounded by the size of the code. Nothing is executed.
//!
//! A parser such as `oxc_parser` would build a syntax tree of megabytes of code for a few object literals, add
//! more to the addon's size than all other code that reads bundles, and require a newer compiler than this
//! package does (Rust 1.88).

mod evaluate;
mod exports;
mod lexer;
mod literals;
mod program;
mod scope;
mod slash;
mod tokens;
mod value;

pub(super) use evaluate::evaluate;
pub(super) use program::{Program, SourceFile, TokenPosition};
pub(super) use tokens::Kind;
pub(super) use value::Value;

#[cfg(test)]
mod tests;
