//! Determines from directory listings whether a file exists under exactly its name.
//!
//! On disks that ignore case (the default on macOS and Windows), `/Case` and `/case` share
//! a file: it has the name of the page that the build wrote first, and the content of the one it
//! wrote last. Opening either succeeds.
//!
//! Invariant: a listing is taken once per directory, and keeps hashes of names only.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::FileError;

/// Whether names that differ only in case may share a file in a directory: it is there under another name
/// too, or the system's disks are made so.
pub(crate) fn ignores_case(directory: &Path) -> bool {
    if cfg!(any(windows, target_vendor = "apple")) {
        return true;
    }
    let Some(name) = directory.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let other = name.to_ascii_uppercase();
    other != name && directory.with_file_name(other).exists()
}

/// A name as such disks compare it: without case, and with accents apart from their letters. More names are
/// equal so than on any one disk.
pub(crate) fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    normalized(&normalized(name).to_lowercase())
}

/// Disks may store an accented letter in two ways, and list it in one.
fn normalized(name: &str) -> String {
    let normalizer = DecomposingNormalizerBorrowed::new_nfd();
    normalizer.normalize(name).into_owned()
}

/// The names below a directory.
#[derive(Debug)]
pub(crate) struct ExactNames {
    root: PathBuf,
    hasher: RandomState,
    listings: Mutex<HashMap<String, Arc<Listing>>>,
}

/// The names in one directory, hashed and sorted.
#[derive(Debug, Default)]
struct Listing {
    exact: Vec<u64>,
    folded: Vec<u64>,
}

impl ExactNames {
    pub(crate) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            hasher: RandomState::new(),
            listings: Mutex::default(),
        }
    }

    /// Checks that every part of a name is listed as it is. If another artifact's name differs only
    /// in case, both must be listed; otherwise the file may belong to the other.
    ///
    /// # Errors
    /// [`FileError::SharedName`] if it is not.
    pub(crate) fn check(&self, name: &str, has_twin: bool) -> Result<(), FileError> {
        let mut directory = String::new();
        let mut tells_case = false;
        for part in name.split('/') {
            let listing = self.listing(&directory)?;
            if !listing.has(self.hasher.hash_one(normalized(part))) {
                return Err(if listing.count(self.hasher.hash_one(folded(part))) > 0 {
                    FileError::SharedName
                } else {
                    FileError::Missing
                });
            }
            tells_case |= listing.count(self.hasher.hash_one(folded(part))) > 1;
            directory.push_str(part);
            directory.push('/');
        }
        if has_twin && !tells_case {
            return Err(FileError::SharedName);
        }
        Ok(())
    }

    fn listing(&self, directory: &str) -> Result<Arc<Listing>, FileError> {
        let lock = || {
            let listings = self.listings.lock();
            listings.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(listing) = lock().get(directory) {
            return Ok(Arc::clone(listing));
        }
        let mut listing = Listing::default();
        for entry in std::fs::read_dir(self.root.join(directory))? {
            // A manifest has no names that are not Unicode.
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            listing.exact.push(self.hasher.hash_one(normalized(&name)));
            listing.folded.push(self.hasher.hash_one(folded(&name)));
        }
        listing.exact.sort_unstable();
        listing.folded.sort_unstable();
        let listing = Arc::new(listing);
        lock().insert(directory.to_owned(), Arc::clone(&listing));
        Ok(listing)
    }
}

impl Listing {
    fn has(&self, exact: u64) -> bool {
        self.exact.binary_search(&exact).is_ok()
    }

    fn count(&self, folded: u64) -> usize {
        let first = self.folded.partition_point(|&hash| hash < folded);
        let rest = self.folded.get(first..).unwrap_or_default();
        rest.iter().take_while(|&&hash| hash == folded).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(files: &[&str]) -> (tempfile::TempDir, ExactNames) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let file = dir.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let names = ExactNames::below(dir.path());
        (dir, names)
    }

    #[test]
    fn requires_the_exact_name_in_the_listing() {
        let (_dir, names) = names(&["Case.html", "Blog/a.html"]);
        assert!(names.check("Case.html", false).is_ok());
        assert!(names.check("Blog/a.html", false).is_ok());
        for shared in ["case.html", "blog/a.html", "Blog/A.html"] {
            let problem = names.check(shared, false);
            assert!(matches!(problem, Err(FileError::SharedName)), "{shared}");
        }
        for missing in ["none.html", "Blog/none.html", "none/a.html"] {
            let problem = names.check(missing, false);
            assert!(matches!(problem, Err(FileError::Missing)), "{missing}");
        }
    }

    #[test]
    fn accepts_a_file_with_a_twin_only_if_both_are_listed() {
        let (_dir, one) = names(&["Case.html", "Blog/a.html"]);
        for name in ["Case.html", "Blog/a.html"] {
            let problem = one.check(name, true);
            assert!(matches!(problem, Err(FileError::SharedName)), "{name}");
        }
        let (dir, both) = names(&["Case.html", "case.html", "Blog/a.html", "blog/a.html"]);
        // Where this test runs on a disk that ignores case, there is only one of each.
        if fs::read_dir(dir.path()).unwrap().count() == 4 {
            for name in ["Case.html", "case.html", "Blog/a.html", "blog/a.html"] {
                assert!(both.check(name, true).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn compares_accents_in_the_disks_normal_form() {
        let (_dir, names) = names(&["\u{e9}.html"]);
        assert!(names.check("e\u{301}.html", false).is_ok());
        assert_eq!(folded("\u{c9}"), folded("e\u{301}"));
        assert_ne!(folded("e"), folded("\u{e9}"));
    }
}
