//! Files of every kind, and whether they are read.

use super::*;
use std::fs;
use std::path::PathBuf;

fn read(dir: &Path, name: &str) -> Result<Vec<u8>, FileError> {
    let file = ArtifactDir::open(dir)?.open_file(name)?;
    let mut content = vec![0; usize::try_from(file.size()).unwrap()];
    file.read(&mut content)?;
    Ok(content)
}

#[test]
fn reads_files_below_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("blog")).unwrap();
    fs::write(dir.path().join("blog/%C3%BC.html"), "é").unwrap();
    fs::write(dir.path().join("empty.html"), "").unwrap();
    assert_eq!(
        read(dir.path(), "blog/%C3%BC.html").unwrap(),
        "é".as_bytes()
    );
    assert_eq!(read(dir.path(), "empty.html").unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn a_directory_of_many_files_is_read_as_any_other() {
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let (artifacts, store) = (dir.path().join("artifacts"), dir.path().join("store"));
    fs::create_dir_all(artifacts.join("blog/d.html")).unwrap();
    fs::create_dir(&store).unwrap();
    for index in 0..9 {
        fs::write(artifacts.join(format!("blog/{index}.html")), "real").unwrap();
    }
    fs::write(store.join("linked.html"), "linked").unwrap();
    symlink("1.html", artifacts.join("blog/in.html")).unwrap();
    symlink(
        store.join("linked.html"),
        artifacts.join("blog/linked.html"),
    )
    .unwrap();
    symlink(store.join("linked.html"), artifacts.join("blog/other.html")).unwrap();
    let opened = ArtifactDir::open(&artifacts).unwrap();
    let read = |name: &str| {
        let file = opened.open_file(name)?;
        let mut content = vec![0; usize::try_from(file.size()).unwrap()];
        file.read(&mut content)?;
        Ok::<_, FileError>(content)
    };
    for index in 0..9 {
        assert_eq!(read(&format!("blog/{index}.html")).unwrap(), b"real");
    }
    assert_eq!(read("blog/in.html").unwrap(), b"real");
    assert_eq!(read("blog/linked.html").unwrap(), b"linked");
    assert!(matches!(
        read("blog/other.html"),
        Err(FileError::OtherName(_))
    ));
    assert!(matches!(read("blog/none.html"), Err(FileError::Missing)));
    assert!(matches!(
        read("blog/d.html"),
        Err(FileError::NotRegular("a directory"))
    ));
    assert!(matches!(
        read("blog/../../store/linked.html"),
        Err(FileError::Outside)
    ));
    // A directory that is replaced is looked up again where the old one no longer has the file.
    fs::remove_dir_all(artifacts.join("blog")).unwrap();
    fs::create_dir(artifacts.join("blog")).unwrap();
    fs::write(artifacts.join("blog/1.html"), "new").unwrap();
    assert_eq!(read("blog/1.html").unwrap(), b"new");
}

#[test]
fn reports_missing_files() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "x").unwrap();
    for name in ["nowhere.html", "file/below.html"] {
        assert!(
            matches!(read(dir.path(), name), Err(FileError::Missing)),
            "{name}"
        );
    }
    assert!(matches!(
        read(&dir.path().join("no-dir"), "a"),
        Err(FileError::Missing)
    ));
}

#[test]
fn a_directory_is_not_a_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("d.html")).unwrap();
    assert!(matches!(
        read(dir.path(), "d.html"),
        Err(FileError::NotRegular(_))
    ));
}

#[test]
fn rejects_names_outside_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let artifacts = dir.path().join("artifacts");
    fs::create_dir(&artifacts).unwrap();
    fs::write(dir.path().join("secret"), "x").unwrap();
    let absolute = dir.path().join("secret");
    for name in ["../secret", absolute.to_str().unwrap()] {
        assert!(
            matches!(read(&artifacts, name), Err(FileError::Outside)),
            "{name}"
        );
    }
}

#[test]
fn detects_a_file_that_changes_while_being_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.html");
    for (before, after) in [("old", "new"), ("short", "longer"), ("longer", "short")] {
        fs::write(&path, before).unwrap();
        let file = ArtifactDir::open(dir.path()).unwrap();
        let file = file.open_file("a.html").unwrap();
        let mut content = vec![0; before.len()];
        // So that the times differ, however coarse they are.
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, after).unwrap();
        assert!(matches!(file.read(&mut content), Err(FileError::Changed)));
    }
}

#[test]
fn limits_the_size_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read_at_most(&path, 5).unwrap(), b"12345");
    let problem = read_at_most(&path, 4).unwrap_err();
    assert_eq!(problem.to_string(), "it has 5 bytes, the limit is 4");
    // Sparse: it must be neither read nor allocated.
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(
        read_at_most(&path, 1 << 20),
        Err(FileError::TooLarge { .. })
    ));
}

#[test]
fn unavailable_memory_is_an_error() {
    let taken = take_memory(&mut Vec::new(), u64::MAX).unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::OutOfMemory);
    assert!(is_shortage(&taken));
}

#[cfg(unix)]
#[test]
fn waits_only_for_memory_that_others_release() {
    use rustix::io::Errno;
    for (errno, is_awaited) in [
        (Errno::MFILE, true),
        (Errno::NFILE, true),
        (Errno::NOMEM, true),
        (Errno::AGAIN, true),
        (Errno::ACCESS, false),
        (Errno::IO, false),
        (Errno::NOENT, false),
    ] {
        assert_eq!(is_shortage(&errno.into()), is_awaited, "{errno}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn limits_files_that_report_no_size() {
    let path = Path::new("/proc/self/maps");
    assert!(!read_at_most(path, 1 << 24).unwrap().is_empty());
    assert!(matches!(
        read_at_most(path, 10),
        Err(FileError::TooLarge { .. })
    ));
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::{lchown, symlink};

    use super::*;

    struct Build {
        _dir: tempfile::TempDir,
        artifacts: PathBuf,
        store: PathBuf,
    }

    /// A directory of artifacts, and a store with a page and a secret.
    fn build() -> Build {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = dir.path().join("artifacts");
        let store = dir.path().join("store");
        fs::create_dir_all(artifacts.join("real")).unwrap();
        fs::create_dir(&store).unwrap();
        for name in ["a.html", "4x7-a.html", "secret"] {
            fs::write(store.join(name), name).unwrap();
        }
        Build {
            _dir: dir,
            artifacts,
            store,
        }
    }

    #[test]
    fn links_into_a_store_are_followed_for_files_and_directories() {
        let build = build();
        let (artifacts, store) = (&build.artifacts, &build.store);
        fs::create_dir_all(artifacts.join("b")).unwrap();
        symlink(store.join("a.html"), artifacts.join("a.html")).unwrap();
        symlink("../../store/4x7-a.html", artifacts.join("b/a.html")).unwrap();
        symlink("../a.html", artifacts.join("real/a.html")).unwrap();
        symlink(store, artifacts.join("blog")).unwrap();
        for (name, content) in [
            ("a.html", "a.html"),
            ("b/a.html", "4x7-a.html"),
            ("real/a.html", "a.html"),
            ("blog/a.html", "a.html"),
            ("blog/4x7-a.html", "4x7-a.html"),
        ] {
            assert_eq!(read(artifacts, name).unwrap(), content.as_bytes(), "{name}");
        }
    }

    #[test]
    fn links_to_a_different_name_are_not_followed() {
        let build = build();
        let (artifacts, store) = (&build.artifacts, &build.store);
        symlink("../store/secret", artifacts.join("a.html")).unwrap();
        symlink(store.join("secret"), artifacts.join("b.html")).unwrap();
        symlink("/proc/self/environ", artifacts.join("c.html")).unwrap();
        symlink("../store/secret", store.join("d.html")).unwrap();
        symlink(store.join("d.html"), artifacts.join("d.html")).unwrap();
        for name in ["a.html", "b.html", "d.html"] {
            assert!(
                matches!(read(artifacts, name), Err(FileError::OtherName(_))),
                "{name}"
            );
        }
        assert!(read(artifacts, "c.html").is_err());
        // A file inside the build belongs to it, whatever its name.
        fs::write(artifacts.join("real/own"), "own").unwrap();
        symlink("real/own", artifacts.join("own.html")).unwrap();
        assert_eq!(read(artifacts, "own.html").unwrap(), b"own");
    }

    #[test]
    fn links_of_other_users_or_to_their_files_are_not_followed() {
        let build = build();
        let (artifacts, store) = (&build.artifacts, &build.store);
        let somebody_else = Some(54_321);
        let link = artifacts.join("a.html");
        symlink(store.join("a.html"), &link).unwrap();
        if lchown(&link, somebody_else, None).is_err() {
            // Only root can give files away.
            return;
        }
        assert!(matches!(
            read(artifacts, "a.html"),
            Err(FileError::ForeignLink)
        ));
        fs::remove_file(&link).unwrap();
        symlink(store.join("a.html"), &link).unwrap();
        assert_eq!(read(artifacts, "a.html").unwrap(), b"a.html");
        lchown(store.join("a.html"), somebody_else, None).unwrap();
        assert!(matches!(
            read(artifacts, "a.html"),
            Err(FileError::ForeignLink)
        ));
        // Unless the whole build is theirs.
        lchown(artifacts, somebody_else, None).unwrap();
        assert_eq!(read(artifacts, "a.html").unwrap(), b"a.html");
    }

    #[test]
    fn links_do_not_allow_names_outside_the_directory() {
        let build = build();
        let (artifacts, store) = (&build.artifacts, &build.store);
        symlink(store, artifacts.join("blog")).unwrap();
        let absolute = store.join("a.html");
        for name in [
            "../store/a.html",
            "blog/../store/a.html",
            "real/../../store/a.html",
            absolute.to_str().unwrap(),
        ] {
            let problem = read(artifacts, name).unwrap_err();
            assert!(
                matches!(problem, FileError::Outside | FileError::Missing),
                "{name}: {problem}"
            );
        }
    }

    #[test]
    fn dangling_links_affect_only_their_page() {
        let build = build();
        let artifacts = &build.artifacts;
        symlink("loop.html", artifacts.join("loop.html")).unwrap();
        symlink("/nowhere/at/all", artifacts.join("dangling.html")).unwrap();
        symlink("/dev/zero", artifacts.join("device.html")).unwrap();
        assert!(matches!(
            read(artifacts, "loop.html"),
            Err(FileError::BadName(_))
        ));
        assert!(matches!(
            read(artifacts, "dangling.html"),
            Err(FileError::Missing)
        ));
        symlink("/dev", artifacts.join("devices")).unwrap();
        assert!(matches!(
            read(artifacts, "device.html"),
            Err(FileError::OtherName(_))
        ));
        assert!(matches!(
            read(artifacts, "devices/zero"),
            Err(FileError::NotRegular(_))
        ));
    }
}

#[cfg(unix)]
#[test]
fn rejects_a_pipe_without_blocking() {
    let dir = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(dir.path().join("p.html"))
        .status();
    assert!(made.unwrap().success());
    assert!(matches!(
        read(dir.path(), "p.html"),
        Err(FileError::NotRegular(_))
    ));
    assert!(matches!(
        open_regular(&dir.path().join("p.html")),
        Err(FileError::NotRegular(_))
    ));
}
