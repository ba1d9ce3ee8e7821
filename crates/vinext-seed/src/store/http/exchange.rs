//! One HTTP request and its reply.
//!
//! Invariants: the token goes to the origin of the request only, since redirects are not followed;
//! every exchange ends, with a reply or an error; a reply to a request that is not sent completely
//! closes the connection.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Client, Method, Response, StatusCode, Url};
use tokio::time::sleep_until;

use super::body::{Activity, RequestBody};
use super::secrets::Secrets;
use super::{Timeouts, client, network_error};
use crate::sanitized_text::SanitizedText;
use crate::store::{RequestError, RequestErrorKind, StoreError};

/// A client for one origin, with the token that goes there, if one does.
#[derive(Debug)]
pub(in crate::store) struct HttpClient {
    client: Client,
    pub(in crate::store) secrets: Secrets,
    timeouts: Timeouts,
}

/// What messages and codes say about a request.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Service {
    /// The operation, as the beginning of a message: "KV bulk upload".
    pub(in crate::store) operation: &'static str,
    /// The code of a timeout.
    pub(in crate::store) timeout_code: &'static str,
}

/// A request to be made.
pub(in crate::store) struct Request<'a> {
    pub(in crate::store) service: Service,
    pub(in crate::store) method: Method,
    pub(in crate::store) url: &'a Url,
    /// Additional headers.
    pub(in crate::store) headers: HeaderMap,
    /// JSON, in pieces.
    pub(in crate::store) body: Option<RequestBody>,
    /// The largest reply to read, in bytes.
    pub(in crate::store) max_reply_bytes: usize,
}

/// A reply that was read to its end, or up to the limit.
pub(in crate::store) struct Reply {
    pub(in crate::store) status: StatusCode,
    pub(in crate::store) headers: HeaderMap,
    pub(in crate::store) body: Vec<u8>,
    /// Whether the body is longer than the limit.
    pub(in crate::store) is_truncated: bool,
    /// Whether it came before the request was sent completely.
    pub(in crate::store) is_early: bool,
}

impl HttpClient {
    /// A client for the origin of a URL, and what in the environment cannot be used and is ignored.
    pub(in crate::store) fn new(
        url: &Url,
        secrets: Secrets,
        timeouts: Timeouts,
    ) -> Result<(Self, Vec<String>), SanitizedText> {
        let (client, warnings) =
            client::build(url, &timeouts).map_err(|problem| SanitizedText::new(&problem))?;
        let this = Self {
            client,
            secrets,
            timeouts,
        };
        Ok((this, warnings))
    }

    /// Makes one request and reads its reply.
    pub(in crate::store) async fn send(&self, request: Request<'_>) -> Result<Reply, RequestError> {
        let activity = Arc::new(Activity::new(request.body.is_none()));
        // However this ends, a body that is not sent completely must not be sent on: the connection
        // could not be distinguished from one that is free.
        let _end = AbandonOnDrop(&activity);
        let service = request.service;
        tokio::select! {
            reply = self.exchange(request, &activity) => reply,
            stalled = self.stall(&activity, service) => Err(stalled),
        }
    }

    async fn exchange(
        &self,
        request: Request<'_>,
        activity: &Arc<Activity>,
    ) -> Result<Reply, RequestError> {
        let Request {
            service,
            method,
            url,
            headers,
            body,
            max_reply_bytes,
        } = request;
        let failed = |error: &reqwest::Error| {
            let is_sent = activity.last().is_sent;
            network_error::classify(error, is_sent, url, &self.secrets, service)
        };
        tracing::trace!(%method, host = url.host_str(), path = url.path(), "exchange");
        let mut builder = self.client.request(method, url.clone()).headers(headers);
        if let Some(token) = self.secrets.token() {
            builder = builder.header(AUTHORIZATION, token.authorization());
        }
        if let Some(body) = body {
            builder = builder
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Body::wrap(body.watched_by(Arc::clone(activity))));
        }
        let mut response = builder.send().await.map_err(|error| failed(&error))?;
        let is_early = activity.reply_begins();
        let (body, is_truncated) = read(&mut response, max_reply_bytes, activity)
            .await
            .map_err(|error| failed(&error))?;
        tracing::trace!(
            status = response.status().as_u16(),
            bytes = body.len(),
            "reply"
        );
        Ok(Reply {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
            is_truncated,
            is_early,
        })
    }

    /// Ends when nothing has moved for too long.
    async fn stall(&self, activity: &Activity, service: Service) -> RequestError {
        loop {
            let moved = activity.last();
            let patience = if moved.is_sent {
                self.timeouts.reply
            } else {
                self.timeouts.idle
            };
            tokio::select! {
                // From now on another timeout applies.
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
            let Service {
                operation,
                timeout_code,
            } = service;
            let seconds = patience.as_secs_f64();
            let message = format!("{operation} failed: {what} {seconds} s");
            let error = StoreError::new(timeout_code, message).may_be_stored(true);
            return RequestErrorKind::TooSlow.because(error);
        }
    }
}

struct AbandonOnDrop<'a>(&'a Activity);

impl Drop for AbandonOnDrop<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

async fn read(
    response: &mut Response,
    max_bytes: usize,
    activity: &Activity,
) -> reqwest::Result<(Vec<u8>, bool)> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        activity.received();
        if chunk.len() > max_bytes - body.len() {
            let fitting: Bytes = chunk.slice(..max_bytes - body.len());
            body.extend_from_slice(&fitting);
            return Ok((body, true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, false))
}
