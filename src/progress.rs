//! Delivers progress events to a JavaScript callback on its own thread.
//!
//! A callback that throws cancels the run, which then rejects with the thrown value.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Unknown;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Error, Status};
use napi_derive::napi;
use tokio::sync::watch;
use vinext_seed::{CancellationToken, Observer, Progress};

use crate::findings::milliseconds;

/// Progress of a run.
#[napi(object, js_name = "SeedProgress", object_from_js = false)]
pub struct JsSeedProgress {
    /// The phase: reading the manifest; packing and sending pages; done.
    #[napi(ts_type = "\"plan\" | \"send\" | \"done\"")]
    pub phase: &'static str,
    /// Routes of the manifest that are packed or skipped so far.
    pub routes: f64,
    /// Routes in the manifest; 0 while it is read.
    pub total: f64,
    /// Entries that are stored so far.
    pub pairs: f64,
    /// Bytes of the requests that stored them.
    pub bytes: f64,
    /// Length of a pause that has just begun, in milliseconds: Cloudflare asked for it, or the
    /// requests it allows in five minutes are used up.
    pub paused_for_ms: Option<f64>,
}

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<Progress> for JsSeedProgress {
    fn from(progress: Progress) -> Self {
        Self {
            phase: progress.phase.as_str(),
            routes: progress.routes as f64,
            total: progress.total_routes as f64,
            pairs: progress.pairs as f64,
            bytes: progress.bytes as f64,
            paused_for_ms: progress.paused_for.map(milliseconds),
        }
    }
}

/// The caller's function. `Weak`: it does not keep the process alive, the promise does.
pub(crate) type Listener =
    ThreadsafeFunction<JsSeedProgress, Unknown<'static>, JsSeedProgress, Status, false, true>;

/// Calls the listener and keeps what it throws.
#[derive(Clone)]
pub(crate) struct ProgressCallback(Arc<Shared>);

struct Shared {
    listener: Option<Listener>,
    cancellation: CancellationToken,
    thrown: Mutex<Option<Error>>,
    /// Events that the listener has not handled yet.
    on_their_way: watch::Sender<usize>,
}

impl ProgressCallback {
    pub(crate) fn new(listener: Option<Listener>, cancellation: CancellationToken) -> Self {
        Self(Arc::new(Shared {
            listener,
            cancellation,
            thrown: Mutex::default(),
            on_their_way: watch::Sender::new(0),
        }))
    }

    /// Waits until every event has been handled, so that none arrives after the promise settles.
    pub(crate) async fn delivered(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self
            .0
            .on_their_way
            .subscribe()
            .wait_for(|&count| count == 0)
            .await;
    }

    /// What the listener threw first.
    pub(crate) fn thrown(&self) -> Option<Error> {
        self.0
            .thrown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Observer for ProgressCallback {
    fn progress(&self, progress: Progress) {
        let Some(listener) = &self.0.listener else {
            return;
        };
        let shared = Arc::clone(&self.0);
        self.0.on_their_way.send_modify(|count| *count += 1);
        let status = listener.call_with_return_value(
            progress.into(),
            ThreadsafeFunctionCallMode::NonBlocking,
            move |returned, _| {
                if let Err(error) = returned {
                    let mut thrown = shared.thrown.lock().unwrap_or_else(PoisonError::into_inner);
                    thrown.get_or_insert(error);
                    shared.cancellation.cancel();
                }
                shared.on_their_way.send_modify(|count| *count -= 1);
                Ok(())
            },
        );
        if status != Status::Ok {
            // The environment is shutting down, so the callback cannot be called.
            self.0.on_their_way.send_modify(|count| *count -= 1);
        }
    }
}
