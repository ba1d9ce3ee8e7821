//! Uploads a batch, compressed as long as that saves time and the API takes it.

use std::time::Instant;

use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::compression::{self, Compression, Sent};
use super::{CloudflareKv, MAX_REPLY_BYTES, confirmation};
use crate::background::run_blocking;
use crate::pack::Batch;
use crate::store::http::RequestBody;
use crate::store::{Outcome, Stored};

impl CloudflareKv {
    /// Stores a batch in one bulk request, or in a second one if the API does not take the first compressed.
    pub(super) async fn upload(&self, batch: &Batch) -> Outcome<Stored> {
        let Some(compression) = &self.compression else {
            return self.put_plain(batch).await;
        };
        match self.put_compressed(batch, compression).await {
            Ok(outcome) => outcome,
            Err(may_be_stored) => {
                let mut outcome = self.put_plain(batch).await;
                if let Err(failure) = &mut outcome.result {
                    failure.error.may_be_stored |= may_be_stored;
                }
                outcome
            }
        }
    }

    async fn put_body(
        &self,
        batch: &Batch,
        headers: HeaderMap,
        body: RequestBody,
    ) -> Outcome<Stored> {
        const OPERATION: &str = "KV bulk upload";
        let url = self.endpoint.bulk();
        let (method, body) = (Method::PUT, Some(body));
        let sent = self.send_with(OPERATION, method, &url, headers, body, MAX_REPLY_BYTES);
        match sent.await {
            Ok(reply) => confirmation::classify_stored(&self.classifier(&reply, OPERATION), batch),
            Err(failure) => failure.into(),
        }
    }

    async fn put_plain(&self, batch: &Batch) -> Outcome<Stored> {
        let body = RequestBody::new(batch.body(), batch.body_bytes());
        self.put_body(batch, HeaderMap::new(), body).await
    }

    /// Puts a batch compressed. If it must be sent plain instead, the error says whether the
    /// compressed request may have stored it.
    async fn put_compressed(
        &self,
        batch: &Batch,
        compression: &Compression,
    ) -> Result<Outcome<Stored>, bool> {
        let turn = compression.turn().await.ok_or(false)?;
        let begun = Instant::now();
        let (pieces, plain_bytes): (Vec<_>, _) = (batch.body().collect(), batch.body_bytes());
        let compressing = run_blocking(move || compression::gzip(pieces.into_iter(), plain_bytes));
        let compressed = compressing.await.ok().flatten().ok_or(false)?;
        let compressing = begun.elapsed();
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
        let compressed_bytes = compressed.len();
        let begun = Instant::now();
        let outcome = self.put_body(batch, headers, compressed.into()).await;
        match &outcome.result {
            Ok(_) => compression.accepted(Sent {
                plain_bytes,
                compressed_bytes,
                compressing,
                sending: begun.elapsed(),
            }),
            Err(failure) if compression::may_be_refusal(failure) => {
                tracing::info!(error = %failure.error, "a compressed request failed; from now on all are plain");
                compression.end();
                // If there was no answer, or one that asks to wait, the next attempt is the plain one.
                if failure.error.status.is_some() && failure.retry_after.is_none() {
                    return Err(failure.error.may_be_stored);
                }
            }
            Err(_) => {}
        }
        drop(turn);
        Ok(outcome)
    }
}
