//! Finds the class, function or statement that a message in a bundle's code belongs to.

use crate::runtime::javascript::{Kind, Place, Program};

/// The tokens of strings and templates that contain a text.
pub(super) fn marks<'p>(
    program: &'p Program<'_>,
    text: &'static str,
) -> impl Iterator<Item = Place> + 'p {
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
                    // The token that the text is in begins before it.
                    let index = tokens?.at_byte(byte).checked_sub(1)?;
                    let kind = tokens?.kind(index)?;
                    let is_text =
                        matches!(kind, Kind::String | Kind::Template | Kind::TemplateHead);
                    is_text.then_some(Place { file, index })
                })
        })
}

/// The class whose body a token is in.
pub(super) fn class_around(program: &Program<'_>, place: Place) -> Option<Place> {
    let tokens = &program.module(place.file)?.tokens;
    let mut at = place.index;
    loop {
        let brace = tokens.enclosing(at)?;
        // `class {`, `class Name {`, `class Name extends Other {`.
        let before = (brace.saturating_sub(4)..brace).rev();
        let keyword = before
            .take_while(|&index| tokens.kind(index) == Some(Kind::Word))
            .find(|&index| tokens.is(index, "class"));
        if let Some(index) = keyword.filter(|_| tokens.is(brace, "{")) {
            return Some(Place { index, ..place });
        }
        at = brace;
    }
}

/// The outermost function that a token is in: what its value begins with, and the brace of its body.
pub(super) fn function_around(program: &Program<'_>, place: Place) -> Option<(Place, Place)> {
    let tokens = &program.module(place.file)?.tokens;
    let mut brace = tokens.enclosing(place.index)?;
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
    let at = |index| Place { index, ..place };
    Some((at(start), at(brace)))
}

/// The block of `try` to whose `catch` a token belongs, from its first token to the one behind its last.
pub(super) fn tried_before(program: &Program<'_>, place: Place) -> Option<(usize, usize)> {
    let tokens = &program.module(place.file)?.tokens;
    let mut at = place.index;
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
