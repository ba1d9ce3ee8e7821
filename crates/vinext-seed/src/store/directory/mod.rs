//! A store in a directory: one file per entry, its value as the content.
//!
//! The time of expiry, if there is one, is in a file beside the value.
//!
//! Invariants: a value is never visible in part, and no key leads out of the directory.

mod names;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::{
    ConfigError, Frame, KeyPage, ListedKey, Outcome, RequestErrorKind, Store, StoreError,
    StoreLimits, StoreRules, Stored,
};
use crate::background::run_blocking;
use crate::pack::Batch;
use crate::sanitized_text::SanitizedText;
use names::{EXPIRES, VALUE};

/// How long pages that revalidate stay unless the caller says otherwise: 30 days, as with vinext's KV
/// adapter.
const DEFAULT_TTL_SECONDS: u64 = 2_592_000;

/// Keys on a page of a listing.
const KEYS_PER_PAGE: usize = 1000;

/// What a file ends with while it is written.
const TEMPORARY: &str = ".tmp";

/// Entries in a directory.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    root: PathBuf,
}

impl DirectoryStore {
    /// Opens a directory, which is created if it is missing.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn open(root: PathBuf) -> Result<Self, ConfigError> {
        let created = fs::create_dir_all(&root);
        let cannot = |error| ConfigError::new("root", format!("cannot be created: {error}"));
        created.map_err(cannot)?;
        Ok(Self { root })
    }

    /// A directory that is not created if it is missing.
    #[must_use]
    pub fn existing(root: PathBuf) -> Self {
        Self { root }
    }

    /// The path of a key's files, without their endings.
    fn path(&self, key: &str) -> PathBuf {
        names::path(&self.root, key)
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let store = self.clone();
        let done = run_blocking(move || work(&store)).await;
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        Outcome::new(done.map_err(|error| {
            let detail = SanitizedText::new(&error.to_string());
            let message = format!("{operation} {} failed: {detail}", self.root.display());
            let error = StoreError::new("DIRECTORY_FAILED", message).may_be_stored(true);
            RequestErrorKind::Fatal.because(error)
        }))
    }

    fn write(&self, entry: &NewEntry) -> io::Result<()> {
        let path = self.path(&entry.key);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // The expiry first: a value must not be there without it.
        let expires = with_ending(&path, EXPIRES);
        match entry.expires_at_seconds {
            Some(seconds) => write_whole(&expires, seconds.to_string().as_bytes())?,
            None => remove(&expires)?,
        }
        write_whole(&with_ending(&path, VALUE), &entry.value)
    }

    fn expiry(&self, key: &str) -> io::Result<Option<u64>> {
        match fs::read_to_string(with_ending(&self.path(key), EXPIRES)) {
            Ok(text) => text.parse().map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        if self.expiry(key)?.is_some_and(is_past) {
            return Ok(None);
        }
        match fs::read(with_ending(&self.path(key), VALUE)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn page(&self, prefix: &str, after: Option<&str>) -> io::Result<KeyPage> {
        let mut names = Vec::new();
        names::collect(&self.root, &mut |key| {
            if key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after) {
                names.push(key);
            }
        })?;
        names.sort_unstable();
        let is_last = names.len() <= KEYS_PER_PAGE;
        names.truncate(KEYS_PER_PAGE);
        let cursor = names.last().filter(|_| !is_last).cloned();
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            let expires_at_seconds = self.expiry(&name)?;
            if !expires_at_seconds.is_some_and(is_past) {
                keys.push(ListedKey {
                    name,
                    expires_at_seconds,
                    metadata: None,
                });
            }
        }
        Ok(KeyPage { keys, cursor })
    }
}

struct NewEntry {
    key: String,
    value: Bytes,
    expires_at_seconds: Option<u64>,
}

impl Store for DirectoryStore {
    const FRAME: Frame = Frame::RawValue;

    /// Sensible limits; no file system has exactly these.
    const LIMITS: StoreLimits = StoreLimits {
        max_key_bytes: 4096,
        max_value_bytes: usize::MAX,
        max_metadata_bytes: 0,
        max_batch_entries: 1000,
        max_body_bytes: usize::MAX,
        min_ttl_seconds: 1,
    };

    // The quota is Cloudflare's.
    const HAS_REQUEST_QUOTA: bool = false;

    const RULES: StoreRules = StoreRules::OtherHandler {
        default_ttl_seconds: Some(DEFAULT_TTL_SECONDS),
    };

    async fn put(&self, batch: &Batch) -> Outcome<Stored> {
        let now = now_seconds();
        let entries: Vec<_> = batch
            .entries()
            .map(|entry| NewEntry {
                key: entry.key().to_owned(),
                value: entry.encoded(),
                expires_at_seconds: entry.ttl_seconds().map(|ttl| now + ttl),
            })
            .collect();
        let written = self.run("Writing to", move |store| {
            entries.iter().try_for_each(|entry| store.write(entry))
        });
        written.await.map(|()| Stored::All)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Outcome<KeyPage> {
        let (prefix, cursor) = (prefix.to_owned(), cursor.map(str::to_owned));
        self.run("Listing", move |store| {
            store.page(&prefix, cursor.as_deref())
        })
        .await
    }

    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        let key = key.to_owned();
        self.run("Reading from", move |store| store.read(&key))
            .await
    }

    async fn delete(&self, keys: &[String]) -> Outcome<()> {
        let keys = keys.to_vec();
        self.run("Deleting from", move |store| {
            keys.iter().try_for_each(|key| {
                let path = store.path(key);
                // The value first: an expiry alone is nothing.
                remove(&with_ending(&path, VALUE))?;
                remove(&with_ending(&path, EXPIRES))
            })
        })
        .await
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Writes a file atomically.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = with_ending(path, TEMPORARY);
    let written = fs::File::create(&temporary).and_then(|mut file| file.write_all(content));
    let renamed = written.and_then(|()| fs::rename(&temporary, path));
    if renamed.is_err() {
        // What cannot be removed either was not there.
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn now_seconds() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.unwrap_or(Duration::ZERO).as_secs()
}

fn is_past(seconds: u64) -> bool {
    seconds <= now_seconds()
}

#[cfg(test)]
mod tests;
