//! What the messages of all errors are made of.
//!
//! In: texts that others wrote (file contents, API replies, the operating system). Out: texts that
//! can stand in a message of ours.
//! Never: an error. Each stage has its own, which name the thing and what to do about it; what ends
//! a run is a [`SeedError`](crate::SeedError).

use std::fmt;

/// Text somebody else wrote, fit to stand in a message: at most 500 characters, on one line.
#[derive(Clone, Eq, PartialEq)]
pub struct SanitizedText(String);

/// The longest foreign text in a message, in characters.
pub const MAX_FOREIGN_CHARACTERS: usize = 500;

impl SanitizedText {
    /// Caps the text and replaces control characters, which could redraw somebody's terminal.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut characters = text.trim().chars();
        let mut capped: String = characters
            .by_ref()
            .take(MAX_FOREIGN_CHARACTERS)
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        if characters.next().is_some() {
            capped.pop();
            capped.push('…');
        }
        Self(capped)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SanitizedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for SanitizedText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// An error's text with those of all its causes.
#[must_use]
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_capped_in_characters_and_kept_on_one_line() {
        assert_eq!(SanitizedText::new(" a\nb\u{1b}[2J ").as_str(), "a b [2J");
        let exact = "é".repeat(MAX_FOREIGN_CHARACTERS);
        assert_eq!(SanitizedText::new(&exact).as_str(), exact);
        let capped = SanitizedText::new(&"é".repeat(MAX_FOREIGN_CHARACTERS + 1));
        assert_eq!(capped.as_str().chars().count(), MAX_FOREIGN_CHARACTERS);
        assert!(capped.as_str().ends_with('…'));
    }
}
