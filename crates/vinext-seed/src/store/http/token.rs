//! The API token, which can be sent but not read.
//!
//! Invariant: it never appears in a message, log, debug print or serialized value, and its memory
//! is zeroed when it is dropped.

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// A Cloudflare API token.
#[derive(Clone)]
pub struct ApiToken(Zeroizing<String>);

/// Why a string is not a token. Never contains any of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It is in quotes.
    #[error("is in quotes; remove them")]
    Quoted,
    /// It begins with the name of the scheme.
    #[error("begins with \"Bearer\"; remove that")]
    WithScheme,
    /// It begins with the name of a variable.
    #[error("begins with a variable name and `=`; remove both")]
    WithName,
    /// It is what a missing value becomes as text, or what CI services print for a secret.
    #[error("is a placeholder (\"undefined\", \"null\", \"***\"), not a token")]
    Placeholder,
    /// There is white space around it.
    #[error("has white space or a line break around it; remove it")]
    Surrounded,
    /// It contains something that no header may contain.
    #[error(
        "has a character at position {0} that no token contains (white space, a line break, or one \
         outside ASCII); copy it again"
    )]
    InvalidCharacter(usize),
}

impl TokenError {
    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "INVALID_OPTION"
    }
}

impl ApiToken {
    /// Checks and keeps a token.
    ///
    /// # Errors
    /// If no `Authorization` header can carry it.
    pub fn new(text: String) -> Result<Self, TokenError> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if let Some(mistake) = mistake(&text) {
            return Err(mistake);
        }
        match text
            .chars()
            .position(|character| !character.is_ascii_graphic())
        {
            Some(position) => Err(TokenError::InvalidCharacter(position + 1)),
            None => Ok(Self(text)),
        }
    }

    /// The value of the `Authorization` header, marked so that HTTP libraries do not print it.
    pub(super) fn authorization(&self) -> HeaderValue {
        // The header owns a text that is zeroed with it; a plain one would leave a copy behind.
        let text = Zeroizing::new(format!("Bearer {}", self.0.as_str()).into_bytes());
        // Printable ASCII is a valid header value.
        let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text))
            .unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiToken([hidden])")
    }
}

/// Common mistakes around or instead of a token. No real one looks like any of these.
fn mistake(text: &str) -> Option<TokenError> {
    let trimmed = text.trim();
    let quotes = ['"', '\'', '`', '\u{201c}', '\u{201d}'];
    let is_scheme = |word: &str| word.eq_ignore_ascii_case("bearer");
    let has_scheme = trimmed
        .split_once(|character: char| character.is_whitespace() || character == ':')
        .is_some_and(|(word, _)| is_scheme(word));
    let is_name = |name: &str| {
        name.ends_with("TOKEN")
            && name
                .chars()
                .all(|one| one.is_ascii_uppercase() || one == '_')
    };
    if trimmed.is_empty() {
        Some(TokenError::Empty)
    } else if trimmed.starts_with(quotes) || trimmed.ends_with(quotes) {
        Some(TokenError::Quoted)
    } else if has_scheme || is_scheme(trimmed) {
        Some(TokenError::WithScheme)
    } else if trimmed
        .split_once('=')
        .is_some_and(|(name, _)| is_name(name))
    {
        Some(TokenError::WithName)
    } else if ["undefined", "null", "***"].contains(&trimmed) {
        Some(TokenError::Placeholder)
    } else if trimmed.len() < text.len() {
        Some(TokenError::Surrounded)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_a_token() {
        let token = ApiToken::new("s3cret".to_owned()).unwrap();
        assert_eq!(format!("{token:?}"), "ApiToken([hidden])");
        assert_eq!(format!("{:?}", token.authorization()), "Sensitive");
        assert_eq!(token.authorization().as_bytes(), b"Bearer s3cret");
    }

    #[test]
    fn names_the_position_of_an_invalid_character() {
        assert_eq!(ApiToken::new(String::new()).unwrap_err(), TokenError::Empty);
        for text in ["abc d", "abcé", "abc\0"] {
            let problem = ApiToken::new(text.to_owned()).unwrap_err();
            assert_eq!(problem, TokenError::InvalidCharacter(4));
            assert!(!problem.to_string().contains("abc"));
        }
    }

    #[test]
    fn names_common_additions_to_a_token() {
        for (text, expected) in [
            (" \n", TokenError::Empty),
            ("\"s3cret\"", TokenError::Quoted),
            ("'s3cret'", TokenError::Quoted),
            ("Bearer s3cret", TokenError::WithScheme),
            ("bearer: s3cret", TokenError::WithScheme),
            ("CLOUDFLARE_API_TOKEN=s3cret", TokenError::WithName),
            ("undefined", TokenError::Placeholder),
            ("***", TokenError::Placeholder),
            ("s3cret\n", TokenError::Surrounded),
            (" s3cret", TokenError::Surrounded),
        ] {
            let problem = ApiToken::new(text.to_owned()).unwrap_err();
            assert_eq!(problem, expected, "{text:?}");
            assert!(!problem.to_string().contains("s3cret"));
        }
        // Base64, as tokens of other services are.
        assert!(ApiToken::new("TOKENabc+/=".to_owned()).is_ok());
    }
}
