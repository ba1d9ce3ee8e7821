//! One request, from its first byte to the verdict.
//!
//! In: a batch. Out: a verdict, always: a reply, an error and a silence that lasts too long are
//! all judged.
//! Never: a second request, and never the token to another origin (redirects are not followed).

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, Response};
use tokio::time::sleep_until;

use super::body::{Activity, BatchBody};
use super::endpoint::Endpoint;
use super::error::SendError;
use super::network_error;
use super::outcome::{Outcome, Reply, Verdict};
use super::secrets::Secrets;
use super::timeouts::Timeouts;
use crate::pack::Batch;

/// The most of a reply that is read: 10,000 keys of 512 bytes that are not stored, and their JSON.
const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// Everything that requests have in common.
#[derive(Debug)]
pub(super) struct HttpTransport {
    pub(super) client: Client,
    pub(super) endpoint: Endpoint,
    pub(super) secrets: Secrets,
    pub(super) timeouts: Timeouts,
}

impl HttpTransport {
    /// Asks once for a batch to be stored.
    pub(super) async fn put(&self, batch: &Batch) -> Verdict {
        let activity = Arc::new(Activity::new());
        tokio::select! {
            verdict = self.exchange(batch, &activity) => verdict,
            stalled = self.stall(&activity) => Verdict { outcome: stalled, pause: None },
        }
    }

    async fn exchange(&self, batch: &Batch, activity: &Arc<Activity>) -> Verdict {
        let url = self.endpoint.bulk();
        let failed = |error: &reqwest::Error| {
            let is_sent = activity.last().is_sent;
            Verdict {
                outcome: network_error::judge(error, is_sent, url, &self.secrets),
                pause: None,
            }
        };
        let request = self
            .client
            .put(url.clone())
            .header(AUTHORIZATION, self.secrets.token.authorization())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::wrap(BatchBody::new(batch, Arc::clone(activity))));
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return failed(&error),
        };
        match read(&mut response, activity).await {
            Ok(body) => {
                let reply = Reply {
                    status: response.status(),
                    headers: response.headers(),
                    body: &body,
                };
                reply.judge(&self.endpoint, &self.secrets)
            }
            Err(error) => failed(&error),
        }
    }

    /// Ends when nothing has moved for too long.
    async fn stall(&self, activity: &Activity) -> Outcome {
        loop {
            let moved = activity.last();
            let patience = if moved.is_sent {
                self.timeouts.reply
            } else {
                self.timeouts.idle
            };
            tokio::select! {
                // From now on another patience counts.
                () = activity.sent() => continue,
                () = sleep_until(moved.at + patience) => {}
            }
            if activity.last() != moved {
                continue;
            }
            let what = if moved.is_sent {
                "no reply within"
            } else {
                "nothing could be sent for"
            };
            let message = format!("KV bulk upload failed: {what} {} s", patience.as_secs_f64());
            return Outcome::TooSlow(SendError::new("KV_TIMEOUT", message).may_be_stored(true));
        }
    }
}

async fn read(response: &mut Response, activity: &Activity) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < MAX_REPLY_BYTES {
        let Some(chunk) = response.chunk().await? else {
            break;
        };
        activity.note(true);
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
