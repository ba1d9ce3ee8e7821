//! Requests for one object each.

use std::sync::{MutexGuard, PoisonError};

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutOptions, PutPayload};

use super::S3Store;
use super::notes::Notes;
use super::reply;
use super::transport::{Exchange, observed};
use crate::pack::BatchEntry;
use crate::sanitized_text::SanitizedText;
use crate::store::{RequestError, RequestErrorKind, StoreError};

const CONTENT_TYPE: &str = "application/json";

impl S3Store {
    /// The object of a key; an error if no request can name it.
    pub(super) fn object(&self, key: &str) -> Result<Path, RequestError> {
        let name = format!("{}{key}", self.prefix);
        // A slash at either end would be cut off.
        let path = Path::parse(&name).ok();
        path.filter(|path| path.as_ref() == name).ok_or_else(|| {
            let key = SanitizedText::new(key);
            let message = format!(
                "no request can name an object with an empty, `.` or `..` part or a control \
                 character: {key}"
            );
            RequestErrorKind::Rejected.because(StoreError::new("S3_REJECTED", message))
        })
    }

    fn failure(
        &self,
        operation: &str,
        error: &object_store::Error,
        exchange: Exchange,
    ) -> RequestError {
        reply::classify(operation, &self.bucket, error, exchange, &self.secrets)
    }

    /// Makes one request, waiting while too many others are in flight.
    pub(super) async fn request<T>(
        &self,
        operation: &str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, RequestError> {
        // Never closed.
        let _turn = self.requests.acquire().await;
        let (done, exchange) = observed(request).await;
        done.map_err(|error| self.failure(operation, &error, exchange))
    }

    /// Writes an entry, and notes its metadata.
    pub(super) async fn put_entry(&self, entry: BatchEntry<'_>) -> Result<(), RequestError> {
        let path = self.object(entry.key())?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, CONTENT_TYPE)]);
        let options = PutOptions::from(attributes);
        let payload = PutPayload::from_bytes(entry.encoded());
        let put = self.client.put_opts(&path, payload, options);
        let put = self.request("Writing", put).await?;
        if let (Some(etag), Some(metadata)) = (put.e_tag, entry.metadata()) {
            self.notes().add(entry.key(), &etag, metadata);
        }
        Ok(())
    }

    /// The digests of the build's entries.
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads an object that is not larger than this; `None` if it does not exist.
    pub(super) async fn read(
        &self,
        path: &Path,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, RequestError> {
        let (read, exchange) = observed(async {
            let found = self.client.get(path).await?;
            if found.meta.size > max_bytes {
                return Ok(Bytes::new());
            }
            found.bytes().await
        })
        .await;
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { source, .. })
                if !source.to_string().contains("NoSuchBucket") =>
            {
                Ok(None)
            }
            Err(error) => Err(self.failure("Reading", &error, exchange)),
        }
    }
}
