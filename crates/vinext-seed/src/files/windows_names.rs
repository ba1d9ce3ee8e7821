//! Recognizes names that Windows opens as something else: devices, and names from which it removes characters.
//!
//! A build on Windows can contain such files, because Node creates them by paths that Windows does not
//! interpret. Opened normally, `aux.html` is a serial port and `a./b.html` is another page's file.
//!
//! The rules are those of "Naming Files, Paths, and Namespaces" in Microsoft's documentation. Some
//! versions of Windows are less strict; a page that is skipped is safe on all of them.

use super::FileError;

/// Devices without a number.
const DEVICES: [&str; 6] = ["aux", "con", "conin$", "conout$", "nul", "prn"];

/// Devices whose names end in a digit, which may be a superscript.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];
const DEVICE_DIGITS: &str = "0123456789¹²³";

/// Refuses, on Windows, a name that does not lead to the file of that name.
///
/// # Errors
/// [`FileError::ReservedName`] with the reason.
pub(super) fn check(name: &str) -> Result<(), FileError> {
    if cfg!(windows)
        && let Some(problem) = problem(name)
    {
        return Err(FileError::ReservedName(problem));
    }
    Ok(())
}

/// Why Windows opens something else under a name with `/` between its parts; `None` if it opens the file of that
/// name.
fn problem(name: &str) -> Option<&'static str> {
    name.split('/').find_map(part_problem)
}

fn part_problem(part: &str) -> Option<&'static str> {
    if part.contains(|character| {
        matches!(character, '\0'..='\x1f' | '<' | '>' | '"' | '|' | '?' | '*')
    }) {
        return Some("a character that no file name has on Windows");
    }
    if part.contains(['\\', ':']) {
        return Some("a `\\` or `:`, which leads to another file on Windows");
    }
    if part.ends_with(['.', ' ']) {
        return Some("a dot or blank at the end of a part, which Windows removes");
    }
    is_device(part).then_some("a part that names a device on Windows")
}

/// Whether a part names a device, with any extension.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_ascii_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        return true;
    }
    NUMBERED_DEVICES.iter().any(|device| {
        let number = stem.strip_prefix(device).unwrap_or_default();
        let mut digits = number.chars();
        digits
            .next()
            .is_some_and(|digit| DEVICE_DIGITS.contains(digit))
            && digits.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_recognized_with_any_extension_and_in_any_directory() {
        for name in [
            "aux.html",
            "AUX.html",
            "nul.rsc",
            "con",
            "prn.html.txt",
            "com1.html",
            "Com9.rsc",
            "lpt0.html",
            "COM¹.html",
            "lpt³.rsc",
            "nul .html",
            "conin$.html",
            "blog/aux.html",
            "aux/post.html",
        ] {
            let problem = problem(name).unwrap_or_default();
            assert!(problem.contains("device"), "{name}: {problem}");
        }
    }

    #[test]
    fn names_that_lead_to_another_file_are_recognized() {
        for (name, expected) in [
            ("a./b.html", "dot or blank"),
            ("a /b.html", "dot or blank"),
            ("b.html.", "dot or blank"),
            ("..", "dot or blank"),
            ("a:b.html", "another file"),
            ("a.html::$DATA", "another file"),
            ("a\\b.html", "another file"),
            ("what?.html", "no file name"),
            ("a*.html", "no file name"),
            ("a|b.html", "no file name"),
            ("<a>.html", "no file name"),
            ("\"a\".html", "no file name"),
            ("a\u{7}.html", "no file name"),
        ] {
            let problem = problem(name).unwrap_or_default();
            assert!(problem.contains(expected), "{name}: {problem}");
        }
    }

    #[test]
    fn other_names_are_opened_as_they_are() {
        for name in [
            "index.html",
            "auxiliary.html",
            "console.html",
            "com.html",
            "com10.html",
            "com1x.html",
            "lpt/x.html",
            "nulls.html",
            "a.b/c d.html",
            ".well-known/x.html",
            "日本/é.html",
            "(group)/[slug].html",
            "my.aux.html",
        ] {
            assert_eq!(problem(name), None, "{name}");
        }
    }
}
