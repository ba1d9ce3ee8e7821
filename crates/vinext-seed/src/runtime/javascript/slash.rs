//! Decides whether a slash divides or begins a regular expression, by the tokens before it.

use super::tokens::{Kind, Token};

/// Whether a slash after these tokens begins a regular expression: where a value is expected.
pub(super) fn begins_regex(code: &[u8], tokens: &[Token]) -> bool {
    /// Words that a value follows. `of` is not among them: minifiers name variables so.
    const BEFORE_VALUE: [&str; 14] = [
        "return",
        "typeof",
        "case",
        "in",
        "delete",
        "void",
        "throw",
        "new",
        "else",
        "do",
        "instanceof",
        "await",
        "yield",
        "extends",
    ];
    /// Words in front of a parenthesis that a statement follows.
    const CONTROL: [&str; 4] = ["if", "while", "for", "with"];
    let slice = |index: usize| {
        let token = &tokens[index];
        &code[token.start as usize..token.end as usize]
    };
    let Some(index) = tokens.len().checked_sub(1) else {
        return true;
    };
    let is_member = |index: usize| index > 0 && matches!(slice(index - 1), b"." | b"?.");
    let is_one_of = |index: usize, words: &[&str]| {
        tokens[index].kind == Kind::Word
            && words.iter().any(|word| word.as_bytes() == slice(index))
            && !is_member(index)
    };
    match tokens[index].kind {
        Kind::Number | Kind::String | Kind::Template | Kind::TemplateTail | Kind::Regex => false,
        Kind::Word => is_one_of(index, &BEFORE_VALUE),
        Kind::TemplateHead | Kind::TemplateMiddle | Kind::Open => true,
        Kind::Close => match slice(index) {
            b"]" => false,
            b")" => {
                let before = (tokens[index].partner as usize).checked_sub(1);
                before.is_some_and(|before| is_one_of(before, &CONTROL))
            }
            // Code never divides a block, a function or an object literal.
            _ => true,
        },
        Kind::Punctuator => !matches!(slice(index), b"++" | b"--"),
    }
}
