//! Keeps directories with many files open, so that opening one of these files resolves a single name.
//!
//! Invariant: it opens the file that the whole name leads to, or none. It does not follow links in the open
//! directory. If it fails, the caller resolves the whole name instead.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags, openat};

/// How many directories are kept open or counted at a time. Threads work on adjacent routes, so few directories
/// are busy at the same time.
const MAX_DIRS: usize = 16;

/// The number of files from which a directory is kept open. A page may have its own directory with a document
/// and a payload, which is not worth keeping open.
const MIN_FILES: u32 = 3;

/// The directories in which files were opened recently.
#[derive(Debug, Default)]
pub(super) struct BusyDirs(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    dirs: Vec<Counted>,
    /// The index of the directory that is replaced next.
    oldest: usize,
}

#[derive(Debug)]
struct Counted {
    name: Box<str>,
    files: u32,
    /// Set when the directory is busy and could be opened.
    dir: Option<Arc<Dir>>,
}

impl BusyDirs {
    /// Opens a file below `root` from its directory, if that is busy and `name` is not a link in
    /// it.
    pub(super) fn open_file(&self, root: &Dir, name: &str) -> Option<File> {
        let (parent, own_name) = name.rsplit_once('/')?;
        if matches!(own_name, "" | "." | "..") {
            return None;
        }
        let dir = self.dir(root, parent)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(dir.as_fd(), own_name, flags, Mode::empty());
        file.ok().map(File::from)
    }

    fn dir(&self, root: &Dir, name: &str) -> Option<Arc<Dir>> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(counted) = recent.dirs.iter_mut().find(|dir| *dir.name == *name) else {
            recent.add(name);
            return None;
        };
        counted.files = counted.files.saturating_add(1);
        if counted.files == MIN_FILES {
            counted.dir = root.open_dir(name).ok().map(Arc::new);
        }
        counted.dir.clone()
    }
}

impl Recent {
    fn add(&mut self, name: &str) {
        let new = Counted {
            name: name.into(),
            files: 1,
            dir: None,
        };
        match self.dirs.get_mut(self.oldest) {
            Some(oldest) => *oldest = new,
            None => self.dirs.push(new),
        }
        self.oldest = (self.oldest + 1) % MAX_DIRS;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use cap_std::ambient_authority;

    use super::*;

    fn content(file: Option<File>) -> Option<String> {
        let mut text = String::new();
        file?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    fn opened(dirs: &BusyDirs) -> usize {
        let recent = dirs.0.lock().unwrap();
        recent.dirs.iter().filter(|dir| dir.dir.is_some()).count()
    }

    #[test]
    fn opens_a_directory_for_its_third_file_and_limits_open_directories() {
        let dir = tempfile::tempdir().unwrap();
        for parent in 0..3 * MAX_DIRS {
            let parent = dir.path().join(format!("p/{parent}"));
            fs::create_dir_all(&parent).unwrap();
            fs::write(parent.join("a.html"), "a").unwrap();
        }
        let root = Dir::open_ambient_dir(dir.path(), ambient_authority()).unwrap();
        let dirs = BusyDirs::default();
        for parent in 0..3 * MAX_DIRS {
            let name = format!("p/{parent}/a.html");
            let contents = [(); 4].map(|()| content(dirs.open_file(&root, &name)));
            let text = Some("a".to_owned());
            assert_eq!(contents, [None, None, text.clone(), text]);
            assert!(opened(&dirs) <= MAX_DIRS);
        }
        assert_eq!(opened(&dirs), MAX_DIRS);
        let recent = dirs.0.lock().unwrap();
        assert_eq!(recent.dirs.len(), MAX_DIRS);
    }

    #[test]
    fn leaves_links_and_paths_out_of_the_directory_to_the_caller() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = dir.path().join("artifacts");
        fs::create_dir_all(artifacts.join("b")).unwrap();
        fs::write(artifacts.join("b/a.html"), "a").unwrap();
        fs::write(dir.path().join("secret"), "secret").unwrap();
        symlink("../../secret", artifacts.join("b/out.html")).unwrap();
        symlink("a.html", artifacts.join("b/in.html")).unwrap();
        symlink(dir.path(), artifacts.join("away")).unwrap();
        let root = Dir::open_ambient_dir(&artifacts, ambient_authority()).unwrap();
        let dirs = BusyDirs::default();
        let absolute = dir.path().join("secret");
        for _ in 0..2 * MIN_FILES {
            for name in [
                "b/out.html",
                "b/in.html",
                "b/..",
                "b/.",
                "b/",
                "b/missing.html",
                "away/secret",
                "../secret",
                "b/../../secret",
                absolute.to_str().unwrap(),
                "a\0/b",
            ] {
                assert!(dirs.open_file(&root, name).is_none(), "{name}");
            }
        }
        assert_eq!(
            content(dirs.open_file(&root, "b/a.html")),
            Some("a".to_owned())
        );
    }
}
