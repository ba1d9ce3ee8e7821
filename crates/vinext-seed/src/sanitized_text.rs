//! Text that others wrote (file contents, API replies, the operating system), sanitized for display.
//!
//! Invariants: a [`SanitizedText`] is one short line. It cannot redraw a terminal, reorder or hide other
//! text, or be a command to the log of a CI service. `lib/sanitized-text.js` follows the same rule, and
//! a property test holds the two together.

use std::fmt;

/// Untrusted text, sanitized for display: at most 500 characters, on one line.
///
/// 1. Terminal escape sequences are removed.
/// 2. Each run of white space, line separators included, becomes one space; both ends are trimmed.
/// 3. Other control characters, bidirectional controls and invisible characters become U+FFFD.
/// 4. A leading `::` becomes `\::`, and `##name[` becomes `##name\[`, because GitHub and Azure would
///    run them as commands.
/// 5. Text longer than 500 characters is truncated and ends in `…`. Only its first 10,000 characters are
///    read.
#[derive(Clone, Eq, PartialEq)]
pub struct SanitizedText(String);

/// The longest sanitized text, in characters.
pub const MAX_SANITIZED_CHARACTERS: usize = 500;

/// How much of a text is read, in characters. The result is shorter in any case.
const MAX_SCANNED_CHARACTERS: usize = 10_000;

/// Replaces a hidden character.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

impl SanitizedText {
    /// Sanitizes a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut characters = text.chars();
        let scanned: Vec<char> = characters.by_ref().take(MAX_SCANNED_CHARACTERS).collect();
        let is_cut = characters.next().is_some();
        let mut line = defused(&visible(&scanned));
        if is_cut || line.len() > MAX_SANITIZED_CHARACTERS {
            line.truncate(MAX_SANITIZED_CHARACTERS - 1);
            line.push('…');
        }
        Self(line.into_iter().collect())
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

/// The text of an error and of all its sources, separated by colons.
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

/// Applies rules 1 to 3: removes what is not visible.
fn visible(text: &[char]) -> Vec<char> {
    let mut line = Vec::with_capacity(text.len());
    let mut is_gap = false;
    let mut rest = text;
    while let [character, behind @ ..] = rest {
        if let Some(length) = escape_sequence(rest) {
            rest = &rest[length..];
            continue;
        }
        rest = behind;
        if character.is_whitespace() {
            is_gap = true;
            continue;
        }
        if is_gap && !line.is_empty() {
            line.push(' ');
        }
        is_gap = false;
        line.push(if is_hidden(*character) {
            REPLACEMENT
        } else {
            *character
        });
    }
    line
}

/// Applies rule 4: escapes commands of CI services.
fn defused(line: &[char]) -> Vec<char> {
    let mut safe = Vec::with_capacity(line.len() + 1);
    if line.starts_with(&[':', ':']) {
        safe.push('\\');
    }
    // Whether the preceding characters could start a command.
    let mut hashes = 0;
    let mut is_name = false;
    for &character in line {
        if character == '[' && (hashes >= 2 || is_name) {
            safe.push('\\');
        }
        let is_of_name = character.is_ascii_alphanumeric() || "_.-".contains(character);
        is_name = is_of_name && (hashes >= 2 || is_name);
        hashes = if character == '#' { hashes + 1 } else { 0 };
        safe.push(character);
    }
    safe
}

/// The length of the terminal escape sequence that a text begins with (ECMA-48).
fn escape_sequence(text: &[char]) -> Option<usize> {
    let run = |from: usize, of: fn(&char) -> bool| {
        let length = text[from..].iter().take_while(|&one| of(one)).count();
        from + length
    };
    let parameters = match text {
        ['\u{9b}', ..] => 1,
        ['\u{1b}', '[', ..] => 2,
        // A control string, such as a title or a link. If it is not terminated, only its introducer is
        // removed.
        ['\u{1b}', ']' | 'P' | 'X' | '^' | '_', ..] => {
            let end = run(2, |one| !matches!(one, '\u{7}' | '\u{1b}' | '\u{9c}'));
            return Some(match text[end..] {
                ['\u{7}' | '\u{9c}', ..] => end + 1,
                ['\u{1b}', '\\', ..] => end + 2,
                _ => 2,
            });
        }
        ['\u{1b}', ..] => {
            let end = run(1, |one| matches!(one, ' '..='/'));
            return matches!(text.get(end), Some('0'..='~')).then_some(end + 1);
        }
        _ => return None,
    };
    let end = run(parameters, |one| matches!(one, ' '..='?'));
    Some(end + usize::from(matches!(text.get(end), Some('@'..='~'))))
}

/// Whether a character is invisible or changes how others are displayed. Joiners are kept, because some
/// scripts and emoji need them.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_in_characters_and_keeps_one_line() {
        let exact = "é".repeat(MAX_SANITIZED_CHARACTERS);
        assert_eq!(SanitizedText::new(&exact).as_str(), exact);
        let capped = SanitizedText::new(&"é".repeat(MAX_SANITIZED_CHARACTERS + 1));
        assert_eq!(capped.as_str().chars().count(), MAX_SANITIZED_CHARACTERS);
        assert!(capped.as_str().ends_with('…'));
        let blank = format!("{}x", " ".repeat(MAX_SCANNED_CHARACTERS));
        assert_eq!(SanitizedText::new(&blank).as_str(), "…");
    }

    #[test]
    fn removes_control_and_invisible_characters() {
        for (text, expected) in [
            (" a\nb\t\u{2028}c\u{85} ", "a b c"),
            ("\u{1b}[31mred\u{1b}[0m \u{9b}2J\u{1b}cx", "red x"),
            (
                "\u{1b}]8;;https://a.example\u{7}link\u{1b}]8;;\u{1b}\\!",
                "link!",
            ),
            ("\u{1b}]0;unterminated", "0;unterminated"),
            ("\u{1b}", "\u{fffd}"),
            ("a\u{0}b\u{7f}c\u{8d}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
            ("/gpj.\u{202e}exe", "/gpj.\u{fffd}exe"),
            ("x\u{200b}\u{feff}\u{e0041}", "x\u{fffd}\u{fffd}\u{fffd}"),
            (
                "می\u{200c}خواهم 👩\u{200d}💻",
                "می\u{200c}خواهم 👩\u{200d}💻",
            ),
        ] {
            assert_eq!(SanitizedText::new(text).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn defuses_commands_of_ci_services() {
        for (text, expected) in [
            ("\n ::add-mask::production", "\\::add-mask::production"),
            ("connect ::1:443", "connect ::1:443"),
            ("a ##[error]b", "a ##\\[error]b"),
            ("###[x] # #[y] #[z]", "###\\[x] # #[y] #[z]"),
            ("##vso[task.setvariable]", "##vso\\[task.setvariable]"),
            ("## [x] ##a b[x]", "## [x] ##a b[x]"),
        ] {
            assert_eq!(SanitizedText::new(text).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn is_idempotent() {
        for text in ["::a ##b[c \u{1b}[2J\u{202e} \n d", &"##[".repeat(300)] {
            let once = SanitizedText::new(text);
            assert_eq!(SanitizedText::new(once.as_str()), once);
        }
    }
}
