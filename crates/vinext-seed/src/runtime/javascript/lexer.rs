//! Finds where tokens of JavaScript begin and end.
//!
//! The meaning of a slash depends on the code before it. If the previous token is ambiguous, the code is read
//! as minifiers write it. A wrong reading leads to an unterminated string or an unpaired bracket, which is an
//! error.

use memchr::{memchr2, memmem};

use super::slash::begins_regex;
use super::tokens::{Kind, Token, TokensError};

/// The most tokens of one file. Minified code has one for every three bytes; a Worker may have 64 MB
/// (Cloudflare Workers limits), but nearly all of it is not in the file with the cache adapter.
pub(super) const MAX_TOKENS: usize = 6_000_000;

/// Splits code into tokens.
pub(super) fn run(code: &str) -> Result<Vec<Token>, TokensError> {
    let mut lexer = Lexer {
        code: code.as_bytes(),
        at: 0,
        tokens: Vec::new(),
        open: Vec::new(),
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    code: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    /// The brackets and templates that are open.
    open: Vec<u32>,
}

impl Lexer<'_> {
    fn run(&mut self) -> Result<(), TokensError> {
        if u32::try_from(self.code.len()).is_err() {
            return Err(TokensError::TooLong);
        }
        if self.code.starts_with(b"#!") {
            self.at = self.end_of_line();
        }
        loop {
            self.skip_blank()?;
            let Some(&byte) = self.code.get(self.at) else {
                break;
            };
            let start = self.at;
            let kind = self.token(byte)?;
            self.push(kind, start)?;
        }
        match self.open.last() {
            None => Ok(()),
            Some(_) => Err(TokensError::Unexpected(self.code.len())),
        }
    }

    fn token(&mut self, byte: u8) -> Result<Kind, TokensError> {
        match byte {
            b'"' | b'\'' => self.string(byte),
            b'`' => self.template(Kind::Template, Kind::TemplateHead),
            b'(' | b'[' | b'{' => self.one(Kind::Open),
            b'}' if self.is_in_template() => {
                self.template(Kind::TemplateTail, Kind::TemplateMiddle)
            }
            b')' | b']' | b'}' => self.one(Kind::Close),
            b'/' if begins_regex(self.code, &self.tokens) => self.regex(),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => Ok(self.number()),
            _ if is_word(byte) => {
                while self.peek(0).is_some_and(is_word) {
                    self.at += 1;
                }
                Ok(Kind::Word)
            }
            _ => self.punctuator(),
        }
    }

    fn push(&mut self, kind: Kind, start: usize) -> Result<(), TokensError> {
        if self.tokens.len() == MAX_TOKENS {
            return Err(TokensError::TooLong);
        }
        let index = to_u32(self.tokens.len());
        let mut partner = index;
        if matches!(
            kind,
            Kind::Close | Kind::TemplateTail | Kind::TemplateMiddle
        ) {
            partner = self.open.pop().ok_or(TokensError::Unexpected(start))?;
            let opening = &mut self.tokens[partner as usize];
            if !fits(
                opening.kind,
                self.code[opening.start as usize],
                kind,
                self.code[start],
            ) {
                return Err(TokensError::Unexpected(start));
            }
            opening.partner = index;
        }
        match kind {
            Kind::Open | Kind::TemplateHead => self.open.push(index),
            // The template continues.
            Kind::TemplateMiddle => self.open.push(partner),
            _ => {}
        }
        self.tokens.push(Token {
            kind,
            start: to_u32(start),
            end: to_u32(self.at),
            partner,
        });
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.code.get(self.at + ahead).copied()
    }

    fn one(&mut self, kind: Kind) -> Result<Kind, TokensError> {
        self.at += 1;
        Ok(kind)
    }

    fn end_of_line(&self) -> usize {
        let rest = &self.code[self.at..];
        memchr2(b'\n', b'\r', rest).map_or(self.code.len(), |end| self.at + end)
    }

    /// Spaces, ends of lines and comments.
    fn skip_blank(&mut self) -> Result<(), TokensError> {
        /// The blanks that are not ASCII: a byte order mark, a no-break space, and the separators
        /// U+2028 and U+2029.
        const WIDE: [&[u8]; 4] = [
            b"\xef\xbb\xbf",
            b"\xc2\xa0",
            b"\xe2\x80\xa8",
            b"\xe2\x80\xa9",
        ];
        loop {
            let rest = &self.code[self.at..];
            match rest {
                [b' ' | b'\t'..=b'\r', ..] => self.at += 1,
                [b'/', b'/', ..] => self.at = self.end_of_line(),
                [b'/', b'*', comment @ ..] => {
                    let end =
                        memmem::find(comment, b"*/").ok_or(TokensError::Unexpected(self.at))?;
                    self.at += end + 4;
                }
                _ => match WIDE.iter().find(|wide| rest.starts_with(wide)) {
                    Some(wide) => self.at += wide.len(),
                    None => return Ok(()),
                },
            }
        }
    }

    fn string(&mut self, quote: u8) -> Result<Kind, TokensError> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(byte) if byte == quote => return self.one(Kind::String),
                Some(b'\\') => self.at += 2,
                None | Some(b'\n' | b'\r') => return Err(TokensError::Unexpected(start)),
                Some(_) => self.at += 1,
            }
        }
    }

    /// A part of a template, from `` ` `` or `}` to `` ` `` or `${`.
    fn template(&mut self, whole: Kind, part: Kind) -> Result<Kind, TokensError> {
        let start = self.at;
        self.at += 1;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'`'), _) => return self.one(whole),
                (Some(b'$'), Some(b'{')) => {
                    self.at += 2;
                    return Ok(part);
                }
                (Some(b'\\'), Some(_)) => self.at += 2,
                (None, _) | (Some(b'\\'), None) => return Err(TokensError::Unexpected(start)),
                (Some(_), _) => self.at += 1,
            }
        }
    }

    fn is_in_template(&self) -> bool {
        let innermost = self.open.last().map(|&at| self.tokens[at as usize].kind);
        innermost == Some(Kind::TemplateHead)
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        let is_hex = matches!(self.code[start..], [b'0', b'x' | b'X', ..]);
        while let Some(byte) = self.peek(0) {
            let is_sign = matches!(byte, b'+' | b'-')
                && !is_hex
                && self.at > start
                && matches!(self.code[self.at - 1], b'e' | b'E');
            if !(byte == b'.' || byte == b'_' || byte.is_ascii_alphanumeric() || is_sign) {
                break;
            }
            self.at += 1;
        }
        Kind::Number
    }

    fn regex(&mut self) -> Result<Kind, TokensError> {
        let start = self.at;
        let mut is_in_class = false;
        loop {
            self.at += 1;
            match self.peek(0) {
                Some(b'\\') => self.at += 1,
                Some(b'[') => is_in_class = true,
                Some(b']') => is_in_class = false,
                Some(b'/') if !is_in_class => break,
                None | Some(b'\n' | b'\r') => return Err(TokensError::Unexpected(start)),
                Some(_) => {}
            }
        }
        self.at += 1;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        Ok(Kind::Regex)
    }

    fn punctuator(&mut self) -> Result<Kind, TokensError> {
        /// Those of more than one character, the longest first.
        const LONG: [&[u8]; 33] = [
            b">>>=", b"...", b"===", b"!==", b"**=", b"<<=", b">>=", b">>>", b"&&=", b"||=",
            b"??=", b"=>", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"??", b"?.", b"++", b"--",
            b"+=", b"-=", b"*=", b"/=", b"%=", b"&=", b"|=", b"^=", b"<<", b">>", b"**",
        ];
        let rest = &self.code[self.at..];
        let is_long = |long: &&&[u8]| {
            // `a?.5:b` has no optional chaining.
            rest.starts_with(long)
                && !(**long == b"?." && rest.get(2).is_some_and(u8::is_ascii_digit))
        };
        self.at += match rest {
            [b'!'..=b'/' | b':'..=b'@' | b'^' | b'|' | b'~', next, ..]
                if next.is_ascii_punctuation() =>
            {
                LONG.iter().find(is_long).map_or(1, |long| long.len())
            }
            [b'!'..=b'/' | b':'..=b'@' | b'^' | b'|' | b'~', ..] => 1,
            _ => return Err(TokensError::Unexpected(self.at)),
        };
        Ok(Kind::Punctuator)
    }
}

/// Whether one token closes the group that another has opened.
fn fits(opening: Kind, opened_by: u8, closing: Kind, closed_by: u8) -> bool {
    match (opening, closing) {
        (Kind::Open, Kind::Close) => {
            matches!(
                (opened_by, closed_by),
                (b'(', b')') | (b'[', b']') | (b'{', b'}')
            )
        }
        (Kind::TemplateHead, Kind::TemplateMiddle | Kind::TemplateTail) => true,
        _ => false,
    }
}

/// Whether a byte is part of an identifier, as far as it takes to find its end.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'\\') || byte >= 0x80
}

/// The code's length was checked to fit.
fn to_u32(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
