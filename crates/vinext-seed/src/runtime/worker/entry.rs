//! Determines whether a Worker's entry module passes its bindings to vinext.

use super::bundle::MAIN_MODULE;
use super::facts::Fact;
use crate::runtime::javascript::{Kind, Program, TokenPosition};

/// Whether the entry module's `fetch` passes `env` where it calls vinext's handler.
///
/// `Known(false)` only if the code is clear: it calls `handler.fetch(request)`, where `handler` is an object
/// whose `fetch` has more parameters, and there is no call with more arguments.
pub(super) fn passes_env(program: &Program<'_>) -> Fact<bool> {
    calls(program).map_or(Fact::Unknown, |calls| {
        if calls.is_empty() {
            Fact::Unknown
        } else {
            Fact::Known(calls.iter().any(|&arguments| arguments > 1))
        }
    })
}

/// The number of arguments in each call of vinext's handler by the entry module's `fetch`.
fn calls(program: &Program<'_>) -> Option<Vec<usize>> {
    let file = program
        .files()
        .iter()
        .position(|file| file.path == MAIN_MODULE)?;
    let module = program.module(file)?;
    let tokens = &module.tokens;
    let entry = program.default_export(file)?;
    let (_, body) = fetch_of(program, entry)?;
    let tokens_of_body = body.index + 1..program.module(body.file)?.tokens.partner(body.index);
    if body.file != file {
        return None;
    }
    let mut calls = Vec::new();
    for at in tokens_of_body {
        // `handler.fetch(`, not `env.ASSETS.fetch(`.
        let is_call = tokens.kind(at) == Some(Kind::Word)
            && !matches!(tokens.text(at - 1), "." | "?.")
            && tokens.is(at + 1, ".")
            && tokens.is(at + 2, "fetch")
            && tokens.is(at + 3, "(");
        if !is_call {
            continue;
        }
        let handler = program.definition(TokenPosition { file, index: at });
        let parameters = handler.and_then(|handler| fetch_of(program, handler));
        if parameters.is_some_and(|(count, _)| count > 1) {
            calls.push(arguments(
                program,
                TokenPosition {
                    file,
                    index: at + 3,
                },
            )?);
        }
    }
    Some(calls)
}

/// The parameters and the body of the `fetch` of an object literal.
fn fetch_of(program: &Program<'_>, object: TokenPosition) -> Option<(usize, TokenPosition)> {
    let tokens = &program.module(object.file)?.tokens;
    if !tokens.is(object.index, "{") {
        return None;
    }
    let end = tokens.partner(object.index);
    let mut at = object.index + 1;
    while at < end {
        if tokens.is(at, "fetch") {
            // `fetch(…) {`, `fetch: async (…) => {`, `fetch: function (…) {`.
            let bracket = (at + 1..at + 5).find(|&index| tokens.is(index, "("))?;
            let close = tokens.partner(bracket);
            let brace = (close + 1..close + 3).find(|&index| tokens.is(index, "{"))?;
            let position = |index| TokenPosition { index, ..object };
            return Some((arguments(program, position(bracket))?, position(brace)));
        }
        at = tokens.skip(at);
    }
    None
}

/// The number of arguments or parameters in parentheses.
fn arguments(program: &Program<'_>, bracket: TokenPosition) -> Option<usize> {
    let tokens = &program.module(bracket.file)?.tokens;
    let end = tokens.partner(bracket.index);
    let mut at = bracket.index + 1;
    let mut count = usize::from(at < end);
    while at < end {
        count += usize::from(tokens.is(at, ",") && at + 1 < end);
        // With a spread, the number of arguments is unknown.
        if tokens.is(at, "...") {
            return None;
        }
        at = tokens.skip(at);
    }
    Some(count)
}
