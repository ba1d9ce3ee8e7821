//! The names of an entry's files, from which its key can be read again.
//!
//! The name is the key with everything but lower-case letters, digits, `-` and `_` percent-encoded, cut into
//! directories where it would be too long for file systems.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The longest name of a file or directory here. File systems take 255 bytes.
const MAX_NAME_BYTES: usize = 200;

/// What the file of a value ends with. No directory's name does, and no part of a key.
pub(super) const VALUE: &str = ".value";

/// What the file of an entry's expiry ends with.
pub(super) const EXPIRES: &str = ".expires";

/// The path of a key's files, without their endings.
pub(super) fn path(root: &Path, key: &str) -> PathBuf {
    let name = encode(key);
    let mut path = root.to_owned();
    let mut rest = name.as_str();
    while rest.len() > MAX_NAME_BYTES {
        let (part, behind) = rest.split_at(MAX_NAME_BYTES);
        path.push(part);
        rest = behind;
    }
    path.push(rest);
    path
}

/// Passes on the keys of all values in a directory, in no order.
pub(super) fn collect(root: &Path, found: &mut impl FnMut(String)) -> io::Result<()> {
    collect_below(root, "", found)
}

fn collect_below(directory: &Path, before: &str, found: &mut impl FnMut(String)) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            continue;
        };
        if entry.file_type()?.is_dir() {
            collect_below(&entry.path(), &format!("{before}{name}"), found)?;
        } else if let Some(last) = name.strip_suffix(VALUE)
            && let Some(key) = decode(&format!("{before}{last}"))
        {
            found(key);
        }
    }
    Ok(())
}

/// A name that every file system accepts, for any key, and distinguishes from all others, even
/// where it ignores case.
fn encode(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for &byte in key.as_bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => {
                name.push('%');
                name.extend(
                    [byte >> 4, byte & 15]
                        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
                );
            }
        }
    }
    name
}

/// The key of a name; `None` if nothing here has written it.
fn decode(name: &str) -> Option<String> {
    let key = percent_encoding::percent_decode_str(name)
        .decode_utf8()
        .ok()?;
    (encode(&key) == name).then(|| key.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_has_a_unique_file_name(one in "\\PC{0,40}", other in "\\PC{0,40}") {
            prop_assert_eq!(decode(&encode(&one)), Some(one.clone()));
            let (a, b) = (encode(&one), encode(&other));
            prop_assert_eq!(a == b, one == other);
            prop_assert!(!a.contains(['/', '\\', '.', ':']) && a.to_lowercase() == a);
        }
    }
}
