//! Reads artifacts for the packing threads, and continues with fewer open files where the machine has
//! too few.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::large_buffer;
use super::memory::Reservation;
use crate::files::{self, ArtifactDir, ArtifactFile, ExactNames, FileError, Shortage};

/// How often a file that changes while being read is reread, and the delay before. Files that take
/// longer to write are skipped.
const CHANGED_RETRIES: usize = 3;
const CHANGED_WAIT: Duration = Duration::from_millis(50);

/// A build's artifacts, shared by the packing threads.
pub(super) struct Artifacts {
    dir: ArtifactDir,
    /// The names in it, if the disk may confuse them.
    names: Option<ExactNames>,
    /// Whether the machine was ever short of open files; from then on threads take turns.
    was_short: AtomicBool,
    turn: Mutex<()>,
}

/// An open artifact, and the permit to have it open.
pub(super) struct OpenArtifact<'a> {
    file: ArtifactFile,
    turn: Option<MutexGuard<'a, ()>>,
}

impl OpenArtifact<'_> {
    pub(super) fn size(&self) -> u64 {
        self.file.size()
    }

    /// Lets others open files while this one waits for something else.
    pub(super) fn give_up_turn(&mut self) {
        self.turn = None;
    }
}

impl Artifacts {
    pub(super) fn new(dir: ArtifactDir, names: Option<ExactNames>) -> Self {
        Self {
            dir,
            names,
            was_short: AtomicBool::new(false),
            turn: Mutex::new(()),
        }
    }

    /// Checks that an artifact is there under exactly its name, and is not another's.
    pub(super) fn check_name(&self, name: &str, shares_file_name: bool) -> Result<(), FileError> {
        match &self.names {
            Some(names) => names.check(name, shares_file_name),
            None => Ok(()),
        }
    }

    /// Opens an artifact. If there are too many open files, waits while `goes_on` returns true.
    pub(super) fn open(
        &self,
        name: &str,
        goes_on: impl Fn() -> bool,
    ) -> Result<OpenArtifact<'_>, FileError> {
        let mut shortage = Shortage::new();
        loop {
            let turn = self.was_short.load(Ordering::Relaxed).then(|| {
                let turn = self.turn.lock();
                turn.unwrap_or_else(PoisonError::into_inner)
            });
            match self.dir.open_file(name) {
                Err(FileError::Unreadable(error)) if files::is_shortage(&error) && goes_on() => {
                    self.was_short.store(true, Ordering::Relaxed);
                    drop(turn);
                    if !shortage.wait() {
                        return Err(FileError::Unreadable(error));
                    }
                }
                opened => return opened.map(|file| OpenArtifact { file, turn }),
            }
        }
    }
}

/// Holds an artifact while it is encoded. Reused for the next one.
#[derive(Debug, Default)]
pub(super) struct ArtifactBuffer {
    /// Bytes after the artifact are left over from earlier reads.
    bytes: Vec<u8>,
    size: usize,
    /// For an artifact whose memory is released after use.
    reserved: Option<Reservation>,
}

impl ArtifactBuffer {
    pub(super) fn artifact(&self) -> &[u8] {
        &self.bytes[..self.size]
    }

    /// Makes room for a large artifact, for which memory was reserved.
    pub(super) fn make_room(&mut self, reserved: Reservation) -> io::Result<()> {
        self.release();
        let bytes = reserved.bytes();
        self.reserved = Some(reserved);
        // The contents of smaller artifacts need no copy.
        self.bytes = Vec::new();
        large_buffer::make_room(&mut self.bytes, bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))
    }

    /// Reads an artifact.
    pub(super) fn read(&mut self, open: OpenArtifact<'_>) -> Result<(), FileError> {
        self.size = usize::try_from(open.size()).map_err(io::Error::other)?;
        if self.bytes.len() < self.size {
            let missing = self.size - self.bytes.len();
            files::take_memory(&mut self.bytes, missing as u64)?;
            self.bytes.resize(self.size, 0);
        }
        open.file.read(&mut self.bytes[..self.size])
    }

    /// Releases the memory of a large artifact.
    pub(super) fn release(&mut self) {
        if self.reserved.is_some() {
            self.bytes = Vec::new();
            self.size = 0;
            self.reserved = None;
        }
    }
}

/// Rereads, a few times, a file that changed while being read.
pub(super) fn retry_changed<T, E>(
    mut read: impl FnMut() -> Result<T, E>,
    is_changed: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut retries = CHANGED_RETRIES;
    loop {
        match read() {
            Err(problem) if is_changed(&problem) && retries > 0 => {
                retries -= 1;
                std::thread::sleep(CHANGED_WAIT);
            }
            done => return done,
        }
    }
}
