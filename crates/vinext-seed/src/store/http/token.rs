//! The API token, as something that can be sent and nothing else.
//!
//! Invariant: it is in no message, log, debug print or serialized value, and its memory is zeroed
//! when it is dropped.

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// A Cloudflare API token.
#[derive(Clone)]
pub struct ApiToken(Zeroizing<String>);

/// Why a text cannot be a token. Says where, never what.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It contains something that no header may contain.
    #[error(
        "has a character at position {0} that no token contains (white space, a line break, or one \
         outside ASCII); was it copied with something around it?"
    )]
    InvalidCharacter(usize),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_cannot_be_printed() {
        let token = ApiToken::new("s3cret".to_owned()).unwrap();
        assert_eq!(format!("{token:?}"), "ApiToken([hidden])");
        assert_eq!(format!("{:?}", token.authorization()), "Sensitive");
        assert_eq!(token.authorization().as_bytes(), b"Bearer s3cret");
    }

    #[test]
    fn what_no_header_can_carry_is_refused_by_position() {
        assert_eq!(ApiToken::new(String::new()).unwrap_err(), TokenError::Empty);
        for text in ["abc\n", "abc d", "abcé", "abc\0"] {
            let problem = ApiToken::new(text.to_owned()).unwrap_err();
            assert_eq!(problem, TokenError::InvalidCharacter(4));
            assert!(!problem.to_string().contains("abc"));
        }
    }
}
