//! Reads the literals of JavaScript.

use std::str::Chars;

/// The value of a number; `None` for a `BigInt`.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.replace('_', "");
    let whole = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix)?;
        u32::from_str_radix(digits, radix).ok().map(f64::from)
    };
    whole("0x", 16)
        .or_else(|| whole("0o", 8))
        .or_else(|| whole("0b", 2))
        .or_else(|| digits.parse().ok())
}

/// The content of a string literal or of a part of a template; `None` if it cannot be text.
pub(super) fn string_content(literal: &str) -> Option<String> {
    let body = literal.get(1..)?;
    let body = body
        .strip_suffix("${")
        .or_else(|| body.get(..body.len().checked_sub(1)?))?;
    if !body.contains(['\\', '\r']) {
        return Some(body.to_owned());
    }
    let mut units = Vec::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => escape(&mut rest, &mut units)?,
            // In templates, every end of a line is a line feed.
            '\r' => {
                skip_line_feed(&mut rest);
                push(&mut units, '\n');
            }
            other => push(&mut units, other),
        }
    }
    // A surrogate without its other half cannot be in a key.
    String::from_utf16(&units).ok()
}

fn push(units: &mut Vec<u16>, character: char) {
    units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
}

fn skip_line_feed(rest: &mut Chars<'_>) {
    if rest.as_str().starts_with('\n') {
        rest.next();
    }
}

/// The character that an escape sequence represents.
fn escape(rest: &mut Chars<'_>, units: &mut Vec<u16>) -> Option<()> {
    let character = match rest.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '0' if !rest
            .as_str()
            .starts_with(|next: char| next.is_ascii_digit()) =>
        {
            '\0'
        }
        // Modules have no octal escapes.
        '0'..='9' => return None,
        'x' => char::from_u32(hexadecimal(rest, 2)?)?,
        'u' if rest.as_str().starts_with('{') => {
            let end = rest.as_str().find('}')?;
            rest.next();
            let value = hexadecimal(rest, end - 1)?;
            rest.next();
            char::from_u32(value)?
        }
        'u' => {
            units.push(u16::try_from(hexadecimal(rest, 4)?).ok()?);
            return Some(());
        }
        '\n' | '\u{2028}' | '\u{2029}' => return Some(()),
        '\r' => {
            skip_line_feed(rest);
            return Some(());
        }
        other => other,
    };
    push(units, character);
    Some(())
}

fn hexadecimal(rest: &mut Chars<'_>, length: usize) -> Option<u32> {
    let (digits, others) = rest.as_str().split_at_checked(length)?;
    *rest = others.chars();
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u32::from_str_radix(digits, 16).ok())?
}
