//! Splits JavaScript into tokens and pairs its brackets.

use super::lexer;

/// What a token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::runtime) enum Kind {
    /// An identifier, a keyword or a private name.
    Word,
    Number,
    /// A literal in single or double quotes.
    String,
    /// A template without substitutions.
    Template,
    /// A template up to its first `${`.
    TemplateHead,
    /// The text between two substitutions, from `}` to `${`.
    TemplateMiddle,
    /// The end of a template with substitutions, from `}` on.
    TemplateTail,
    Regex,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// Any other punctuator, whole: `=>`, `?.`, `===`.
    Punctuator,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Token {
    pub(in crate::runtime) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The token that closes or opens the same group; its own index if there is none.
    pub(super) partner: u32,
}

/// Why code cannot be split.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(in crate::runtime) enum TokensError {
    #[error("it has more than {MAX_TOKENS} tokens", MAX_TOKENS = lexer::MAX_TOKENS)]
    TooLong,
    #[error("it is not JavaScript at byte {0}")]
    Unexpected(usize),
}

/// A file's tokens.
#[derive(Debug)]
pub(in crate::runtime) struct Tokens<'a> {
    code: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Tokens<'a> {
    /// Splits code.
    pub(in crate::runtime) fn of(code: &'a str) -> Result<Self, TokensError> {
        let tokens = lexer::run(code)?;
        Ok(Self { code, tokens })
    }

    pub(in crate::runtime) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(in crate::runtime) fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// The source text of a token; empty behind the last.
    pub(in crate::runtime) fn text(&self, index: usize) -> &'a str {
        let token = self.tokens.get(index);
        token
            .and_then(|token| self.code.get(token.start as usize..token.end as usize))
            .unwrap_or_default()
    }

    /// Whether a token is this word or punctuator, and no string that looks like it.
    pub(in crate::runtime) fn is(&self, index: usize, text: &str) -> bool {
        matches!(
            self.kind(index),
            Some(Kind::Word | Kind::Open | Kind::Close | Kind::Punctuator)
        ) && self.text(index) == text
    }

    /// The token before this one is this word or punctuator.
    pub(in crate::runtime) fn is_before(&self, index: usize, text: &str) -> bool {
        index > 0 && self.is(index - 1, text)
    }

    /// The token that closes the group that this one opens, or the other way round.
    pub(in crate::runtime) fn partner(&self, index: usize) -> usize {
        self.tokens
            .get(index)
            .map_or(index, |token| token.partner as usize)
    }

    /// The first token that begins at this byte of the code or after it.
    pub(in crate::runtime) fn at_byte(&self, byte: usize) -> usize {
        self.tokens
            .partition_point(|token| (token.start as usize) < byte)
    }

    /// The token behind this one, or behind the group that it opens.
    pub(in crate::runtime) fn skip(&self, index: usize) -> usize {
        self.partner(index).max(index) + 1
    }

    /// The bracket that opens the group that this token is in.
    pub(in crate::runtime) fn enclosing(&self, index: usize) -> Option<usize> {
        let mut at = index;
        while at > 0 {
            at -= 1;
            match self.kind(at)? {
                Kind::Open | Kind::TemplateHead => return Some(at),
                Kind::TemplateMiddle => return Some(self.partner(at)),
                Kind::Close | Kind::TemplateTail => at = self.partner(at),
                _ => {}
            }
        }
        None
    }
}
