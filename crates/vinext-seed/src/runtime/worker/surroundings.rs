//! Finds the class, function or statement around a message in a bundle's code.

use crate::runtime::javascript::{Kind, Program, TokenPosition};

/// The tokens of strings and templates that contain a text.
pub(super) fn marks<'p>(
    program: &'p Program<'_>,
    text: &'static str,
) -> impl Iterator<Item = TokenPosition> + 'p {
    program
        .files()
        .iter()
        .enumerate()
        .flat_map(move |(file, source)| {
            let module = source
                .code
                .contains(text)
                .then(|| program.module(file))
                .flatten();
            let tokens = module.map(|module| &module.tokens);
            source
                .code
                .match_indices(text)
                .filter_map(move |(byte, _)| {
                    // The token that contains the text starts before it.
                    let index = tokens?.at_byte(byte).checked_sub(1)?;
                    let kind = tokens?.kind(index)?;
                    let is_text =
                        matches!(kind, Kind::String | Kind::Template | Kind::TemplateHead);
                    is_text.then_some(TokenPosition { file, index })
                })
        })
}

/// The class around a token.
pub(super) fn class_around(
    program: &Program<'_>,
    position: TokenPosition,
) -> Option<TokenPosition> {
    let tokens = &program.module(position.file)?.tokens;
    let mut at = position.index;
    loop {
        let brace = tokens.enclosing(at)?;
        // `class {`, `class Name {`, `class Name extends Other {`.
        let before = (brace.saturating_sub(4)..brace).rev();
        let keyword = before
            .take_while(|&index| tokens.kind(index) == Some(Kind::Word))
            .find(|&index| tokens.is(index, "class"));
        if let Some(index) = keyword.filter(|_| tokens.is(brace, "{")) {
            return Some(TokenPosition { index, ..position });
        }
        at = brace;
    }
}

/// The outermost function around a token: its first token, and the brace of its body.
pub(super) fn function_around(
    program: &Program<'_>,
    position: TokenPosition,
) -> Option<(TokenPosition, TokenPosition)> {
    let tokens = &program.module(position.file)?.tokens;
    let mut brace = tokens.enclosing(position.index)?;
    while let Some(outer) = tokens.enclosing(brace) {
        brace = outer;
    }
    let before = brace.checked_sub(1)?;
    let is_arrow = tokens.is(before, "=>");
    let parameters = if is_arrow {
        before.checked_sub(1)?
    } else {
        before
    };
    let mut start = tokens.partner(parameters).min(parameters);
    if is_arrow {
        start -= usize::from(tokens.is_before(start, "async"));
    } else {
        // `function name(…)` or `function(…)`.
        let keyword = (start.saturating_sub(3)..start).rev();
        start = keyword
            .into_iter()
            .find(|&index| tokens.is(index, "function"))?;
    }
    let at = |index| TokenPosition { index, ..position };
    Some((at(start), at(brace)))
}

/// The `try` block whose `catch` contains a token, as a range of tokens with an exclusive end.
pub(super) fn tried_before(
    program: &Program<'_>,
    position: TokenPosition,
) -> Option<(usize, usize)> {
    let tokens = &program.module(position.file)?.tokens;
    let mut at = position.index;
    loop {
        let brace = tokens.enclosing(at)?;
        // `try { … } catch (error) {` or `try { … } catch {`.
        let before = brace.checked_sub(1)?;
        let keyword = tokens.partner(before).min(before);
        let keyword = if tokens.is(keyword, "(") {
            keyword.checked_sub(1)?
        } else {
            keyword
        };
        if tokens.is(keyword, "catch") && tokens.is_before(keyword, "}") {
            let end = keyword - 1;
            return Some((tokens.partner(end) + 1, end));
        }
        at = brace;
    }
}
