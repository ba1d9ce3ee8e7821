//! Determines from directory listings whether a file exists under exactly its name.
//!
//! On disks that ignore case (the default on macOS and Windows), `/Case` and `/case` share a file. It has the
//! name of the page that the build wrote first and the content of the one that it wrote last, and can be opened
//! by both names.
//!
//! Invariant: each directory is listed once, and only hashes of names are kept.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::{FileError, windows_names};

/// Whether names that differ only in case may share a file in a directory: the directory itself exists under
/// another name too, or the system's disks ignore case by default.
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

/// A name as such disks compare it: lower-case, with accents decomposed. This treats more names as equal than
/// any one disk does.
pub(crate) fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    normalized(&normalized(name).to_lowercase())
}

/// Decomposes accented letters, because disks may list them in another form than they were written.
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

    /// Checks that every part of a name is listed exactly. If another artifact's name differs only in case, both
    /// must be listed, because otherwise the file may be the other artifact's.
    ///
    /// # Errors
    /// [`FileError::SharedName`] if a part is not listed; [`FileError::ReservedName`] if Windows would list
    /// another directory.
    pub(crate) fn check(&self, name: &str, shares_file_name: bool) -> Result<(), FileError> {
        windows_names::check(name)?;
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
        if shares_file_name && !tells_case {
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
            // Names in a manifest are always Unicode.
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
    fn accepts_names_that_differ_only_in_case_if_both_are_listed() {
        let (_dir, one) = names(&["Case.html", "Blog/a.html"]);
        for name in ["Case.html", "Blog/a.html"] {
            let problem = one.check(name, true);
            assert!(matches!(problem, Err(FileError::SharedName)), "{name}");
        }
        let (dir, both) = names(&["Case.html", "case.html", "Blog/a.html", "blog/a.html"]);
        // On a disk that ignores case, only one of each pair exists.
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
