//! Reads as much JavaScript as it takes to find out what a bundle was built with.
//!
//! Invariants: code that is not understood is an error or [`Value::Unknown`], never a guess; work and
//! memory are bounded by the size of the code; nothing is executed.
//!
//! A parser such as `oxc_parser` would build a syntax tree of megabytes of code for a handful of
//! object literals, add more to the addon than the rest of the reading of bundles together, and its
//! current releases need a newer compiler than this package's (Rust 1.88).

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
pub(super) use program::{Place, Program, SourceFile};
pub(super) use tokens::Kind;
pub(super) use value::Value;

#[cfg(test)]
mod tests;
