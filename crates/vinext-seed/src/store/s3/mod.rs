//! S3 and compatible services, for cache handlers that read the KV adapter's JSON unchanged.
//!
//! Each entry is an object. Nothing in it expires; a rule of the bucket's lifecycle can. Digests of a
//! build's entries are in an object of their own (`notes`).

mod limits;
mod location;
mod notes;
mod objects;
mod reply;
mod transport;

use std::sync::{Mutex, PoisonError};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::{ObjectStore, ObjectStoreExt, RetryConfig};
use reqwest::Url;
use tokio::sync::Semaphore;

pub use limits::LIMITS;
pub use location::S3Location;

use super::http::{Secrets, Timeouts, build_client};
use super::outcome::stored_one_by_one;
use super::{
    Frame, KeyPage, ListedKey, Outcome, Recalled, RequestError, RequestErrorKind, Store,
    StoreLimits, StoreRules, Stored,
};
use crate::pack::Batch;
use crate::sanitized_text::SanitizedText;
use notes::Notes;
use transport::Transport;

/// Objects that are being written at a time. S3 takes 3,500 writes a second under one prefix
/// ("Best practices design patterns" in its user guide), which are 50 of 14 ms each.
const MAX_REQUESTS: usize = 64;

/// Keys on a page of a listing, which is what S3 returns at most.
const KEYS_PER_PAGE: usize = 1000;

/// A bucket.
pub struct S3Store {
    client: AmazonS3,
    bucket: String,
    prefix: String,
    secrets: Secrets,
    requests: Semaphore,
    notes: Mutex<Notes>,
}

impl S3Store {
    /// Opens a bucket, with credentials from the environment. Makes no request. Also returns what in the
    /// environment (proxies, certificates) cannot be used and is ignored.
    ///
    /// # Errors
    /// If HTTPS cannot be set up, or the environment's configuration cannot be used.
    pub fn new(
        location: S3Location,
        timeouts: Timeouts,
    ) -> Result<(Self, Vec<String>), SanitizedText> {
        Self::of(AmazonS3Builder::from_env(), location, timeouts)
    }

    fn of(
        environment: AmazonS3Builder,
        location: S3Location,
        timeouts: Timeouts,
    ) -> Result<(Self, Vec<String>), SanitizedText> {
        let unusable = |problem: &str| SanitizedText::new(problem);
        let named = location.endpoint.clone().or_else(environment_endpoint);
        // A proxy is chosen by the host. Amazon's are all alike.
        let endpoint = named.as_deref().unwrap_or("https://s3.amazonaws.com");
        let url = Url::parse(endpoint)
            .map_err(|_| unusable("AWS_ENDPOINT_URL is not a URL; write https://host"))?;
        let (client, warnings) =
            build_client(&url, &timeouts).map_err(|problem| unusable(&problem))?;
        let secrets = Secrets::of_texts(
            ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
                .into_iter()
                .filter_map(|name| std::env::var(name).ok()),
        );
        let mut builder = environment
            .with_bucket_name(&location.bucket)
            .with_allow_http(url.scheme() == "http")
            // `send` does that.
            .with_retry(RetryConfig {
                max_retries: 0,
                ..RetryConfig::default()
            })
            .with_http_connector(Transport {
                client,
                timeouts,
                secrets: secrets.clone(),
            });
        if let Some(endpoint) = &location.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
            builder = builder.with_config(
                object_store::aws::AmazonS3ConfigKey::S3Endpoint,
                endpoint.trim_end_matches('/'),
            );
        }
        if let Some(region) = &location.region {
            builder = builder.with_region(region);
        }
        let client = builder
            .build()
            .map_err(|error| secrets.scrub(&error.to_string()))?;
        let this = Self {
            client,
            bucket: location.bucket,
            prefix: location.prefix,
            secrets,
            requests: Semaphore::new(MAX_REQUESTS),
            notes: Mutex::default(),
        };
        Ok((this, warnings))
    }
}

impl Store for S3Store {
    const FRAME: Frame = Frame::RawValue;
    const LIMITS: StoreLimits = LIMITS;
    // The quota is Cloudflare's.
    const HAS_REQUEST_QUOTA: bool = false;
    const HAS_EXPIRY: bool = false;
    const MAX_HELD_BYTES: usize = notes::MAX_NOTES_BYTES;

    const RULES: StoreRules = StoreRules::OtherHandler {
        default_ttl_seconds: None,
    };

    async fn put(&self, batch: &Batch) -> Outcome<Stored> {
        // An error that affects all objects ends the batch.
        let ended: Mutex<Option<RequestError>> = Mutex::new(None);
        let mut puts = Vec::with_capacity(batch.pairs());
        for entry in batch.entries() {
            let ended = &ended;
            puts.push(async move {
                let end = || ended.lock().unwrap_or_else(PoisonError::into_inner);
                let before = end().clone();
                let done = match before {
                    Some(mut failure) => {
                        failure.error = failure.error.may_be_stored(false);
                        Err(failure)
                    }
                    None => self.put_entry(entry).await,
                };
                let failure = done.err()?;
                let is_everywhere = matches!(
                    failure.kind,
                    RequestErrorKind::Fatal | RequestErrorKind::Throttled
                );
                if is_everywhere {
                    end().get_or_insert_with(|| failure.clone());
                }
                Some((entry.key().to_owned(), failure))
            });
        }
        let failed = stream::iter(puts)
            .buffer_unordered(MAX_REQUESTS)
            .filter_map(std::future::ready)
            .collect()
            .await;
        stored_one_by_one(batch.pairs(), failed)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Outcome<KeyPage> {
        let options = PaginatedListOptions {
            max_keys: Some(KEYS_PER_PAGE),
            page_token: cursor.map(str::to_owned),
            ..PaginatedListOptions::default()
        };
        let prefix = format!("{}{prefix}", self.prefix);
        let list = self.client.list_paginated(Some(&prefix), options);
        let listed = self.request("Listing", list).await;
        Outcome::new(listed.map(|page| {
            let mut notes = self.notes();
            let objects = page.result.objects.into_iter();
            let mut keys: Vec<_> = objects
                .filter_map(|object| {
                    let name = object.location.as_ref().strip_prefix(&self.prefix)?;
                    let etag = object.e_tag.unwrap_or_default();
                    Some(ListedKey {
                        name: name.to_owned(),
                        expires_at_seconds: None,
                        metadata: notes.metadata_of(name, &etag),
                    })
                })
                .collect();
            // S3 sorts by bytes; compatible services may not.
            keys.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            KeyPage {
                keys,
                cursor: page.page_token,
            }
        }))
    }

    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        let path = match self.object(key) {
            Ok(path) => path,
            // Nothing is stored there.
            Err(_) => return Outcome::new(Ok(None)),
        };
        let read = self.read(&path, u64::MAX).await;
        Outcome::new(read.map(|value| value.map(Vec::from)))
    }

    async fn recall(&self, key_prefix: &str) -> Outcome<Recalled> {
        let path = notes::object(&self.prefix, key_prefix);
        let read = self.read(&path, notes::MAX_OBJECT_BYTES).await;
        Outcome::new(read.map(|found| {
            let Some(bytes) = found else {
                return Recalled::Nothing;
            };
            match Notes::parse(&bytes, &self.prefix, key_prefix) {
                Some(notes) => {
                    *self.notes() = notes;
                    Recalled::Metadata
                }
                None => Recalled::Unusable(format!(
                    "the digests in the object {path} cannot be read, or are not of this build"
                )),
            }
        }))
    }

    async fn keep_metadata(&self, key_prefix: &str) -> Outcome<usize> {
        let path = notes::object(&self.prefix, key_prefix);
        let (object, left_out) = {
            let notes = self.notes();
            (notes.to_object(&self.prefix, key_prefix), notes.left_out())
        };
        let put = self.client.put(&path, object);
        Outcome::new(self.request("Writing", put).await.map(|_| left_out))
    }

    async fn forget(&self, key_prefix: &str) -> Outcome<()> {
        let path = notes::object(&self.prefix, key_prefix);
        let deleted = self
            .client
            .delete_stream(stream::iter([Ok(path)]).boxed())
            .try_for_each(|_| std::future::ready(Ok(())));
        Outcome::new(self.request("Deleting", deleted).await)
    }

    async fn delete(&self, keys: &[String]) -> Outcome<()> {
        // Keys that no request can name were never stored.
        let paths: Vec<_> = keys
            .iter()
            .filter_map(|key| self.object(key).ok())
            .collect();
        let deleted = self
            .client
            .delete_stream(stream::iter(paths.into_iter().map(Ok)).boxed());
        let deleted = deleted.try_for_each(|_| std::future::ready(Ok(())));
        Outcome::new(self.request("Deleting", deleted).await)
    }
}

fn environment_endpoint() -> Option<String> {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests;
