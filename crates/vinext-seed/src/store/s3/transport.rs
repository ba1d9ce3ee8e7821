//! Sends the library's requests with this crate's HTTP client, and records the outcome of each.
//!
//! The library's own errors are text; the actual outcome of a request (a status, a wait that the
//! server asks for, a certificate) is kept here for the task that made it.

use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::{Client, Url};
use tokio::time::timeout;

use crate::store::http::rate_headers::retry_after;
use crate::store::http::{Secrets, Service, Timeouts, classify_network_error};
use crate::store::{RequestError, RequestErrorKind, StoreError};

/// The code of a request that timed out.
const TIMEOUT_CODE: &str = "S3_TIMEOUT";

/// The outcome of a task's last request.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    /// The host that it went to. The library also asks for credentials elsewhere.
    pub(super) host: String,
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    pub(super) request_id: Option<String>,
    /// Why there was no reply.
    pub(super) failure: Option<RequestError>,
}

tokio::task_local! {
    static EXCHANGE: RefCell<Exchange>;
}

/// Runs something that makes requests. Also returns the outcome of the last one.
pub(super) async fn observed<T>(work: impl Future<Output = T>) -> (T, Exchange) {
    EXCHANGE
        .scope(RefCell::default(), async {
            let done = work.await;
            (done, EXCHANGE.with(|exchange| exchange.borrow().clone()))
        })
        .await
}

/// Our client, as the library takes it.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) client: Client,
    pub(super) timeouts: Timeouts,
    pub(super) secrets: Secrets,
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = Url::parse(&request.uri().to_string()).ok();
        note(|exchange| {
            *exchange = Exchange {
                host: url
                    .as_ref()
                    .and_then(Url::host_str)
                    .unwrap_or_default()
                    .to_owned(),
                ..Exchange::default()
            };
        });
        // It is not known here when the last byte is sent.
        let limit = self.timeouts.idle.saturating_add(self.timeouts.reply);
        match timeout(limit, HttpService::call(&self.client, request)).await {
            Ok(Ok(response)) => {
                let headers = response.headers();
                let id = headers.get("x-amz-request-id");
                note(|exchange| {
                    exchange.status = Some(response.status().as_u16());
                    exchange.retry_after = retry_after(headers, SystemTime::now());
                    exchange.request_id = id.and_then(|id| id.to_str().ok()).map(str::to_owned);
                });
                Ok(response)
            }
            Ok(Err(error)) => {
                let cause = error.source().and_then(|source| source.downcast_ref());
                if let (Some(cause), Some(url)) = (cause, &url) {
                    let service = Service {
                        operation: "S3 request",
                        timeout_code: TIMEOUT_CODE,
                    };
                    let failure = classify_network_error(cause, true, url, &self.secrets, service);
                    note(|exchange| exchange.failure = Some(failure));
                }
                Err(error)
            }
            Err(_) => {
                let message = format!("S3 request failed: no reply within {limit:?}");
                let error = StoreError::new(TIMEOUT_CODE, message).may_be_stored(true);
                let failure = RequestErrorKind::TooSlow.because(error);
                note(|exchange| exchange.failure = Some(failure));
                let error = io::Error::from(io::ErrorKind::TimedOut);
                Err(HttpError::new(HttpErrorKind::Timeout, error))
            }
        }
    }
}

/// Records a fact about the request. Does nothing outside `observed`.
fn note(change: impl FnOnce(&mut Exchange)) {
    let _ = EXCHANGE.try_with(|exchange| change(&mut exchange.borrow_mut()));
}
