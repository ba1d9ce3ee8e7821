//! Determines whether a Worker was built with `cacheComponents: true` in `next.config`.
//!
//! From 0.1.8 to 1.4.0 the entry defines a certain method only then. 0.1.6 has the setting among the options
//! of its request handler. Earlier versions do not show it.

use super::facts::Fact;
use crate::runtime::javascript::{Program, TokenPosition, Value, evaluate};

/// The method that renders shells of pages for parameters that the build does not know.
const METHOD: &str = "createPprFallbackShells";

/// The option in 0.1.6.
const MEMBER: &str = "cacheComponents";

/// Whether the setting is on, as far as the code shows.
pub(super) fn find(program: &Program<'_>) -> Fact<bool> {
    let mut is_known = false;
    for (file, source) in program.files().iter().enumerate() {
        let has_method = source.code.contains(METHOD);
        if !has_method && !source.code.contains(MEMBER) {
            continue;
        }
        let Some(tokens) = program.module(file).map(|module| &module.tokens) else {
            continue;
        };
        is_known |= has_method;
        for at in 0..tokens.len() {
            // `createPprFallbackShells(route, params) {`, not a call of it.
            let defines = tokens.is(at, METHOD)
                && tokens.is(at + 1, "(")
                && tokens.is(tokens.skip(at + 1), "{")
                && !matches!(tokens.text(at.saturating_sub(1)), "." | "?.");
            if defines {
                return Fact::Known(true);
            }
            if tokens.is(at, MEMBER) && tokens.is(at + 1, ":") {
                let position = TokenPosition {
                    file,
                    index: at + 2,
                };
                if let Value::Boolean(is_on) = evaluate(program, position) {
                    return Fact::Known(is_on);
                }
            }
        }
    }
    if is_known {
        Fact::Known(false)
    } else {
        Fact::Unknown
    }
}
