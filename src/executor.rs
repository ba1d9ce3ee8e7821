//! The thread that polls the engine's futures, started by the first call.
//!
//! napi's own runtime starts its threads while the addon is loaded, and ends the process if no
//! thread can be started. This one makes the call reject instead.

#![expect(unsafe_code, reason = "`AsyncRuntime` is an unsafe trait")]

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use napi::bindgen_prelude::{
    AsyncRuntime, AsyncRuntimeRejection, AsyncRuntimeTask, register_async_runtime,
};
use napi::{Error, Status};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

static EXECUTOR: Mutex<Option<Executor>> = Mutex::new(None);

/// One thread is enough: it waits for sockets. Files are read and entries encoded on threads of the engine.
struct Executor {
    runtime: Handle,
    thread: JoinHandle<()>,
    /// Ends the thread when it is dropped.
    stop: oneshot::Sender<()>,
}

impl Executor {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("vinext-seed io".to_owned());
        let thread = thread.spawn(move || {
            let _ = runtime.block_on(stopped);
            // Do not wait for pending host name lookups.
            runtime.shutdown_background();
        })?;
        Ok(Self {
            runtime: handle,
            thread,
            stop,
        })
    }
}

fn executor() -> MutexGuard<'static, Option<Executor>> {
    EXECUTOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the thread unless it is running.
///
/// # Errors
/// If no thread or descriptor is available.
pub(crate) fn start() -> io::Result<Handle> {
    let mut executor = executor();
    let started = match executor.take() {
        Some(started) => started,
        None => Executor::start()?,
    };
    Ok(executor.insert(started).runtime.clone())
}

struct Backend;

// SAFETY: `shutdown` joins the thread, and with it every task is dropped. What can outlive it are wakers and
// threads of tokio that look up host names; napi keeps the addon's image loaded from the first promise on.
unsafe impl AsyncRuntime for Backend {
    fn spawn(&self, task: AsyncRuntimeTask) -> Result<(), AsyncRuntimeRejection<AsyncRuntimeTask>> {
        match start() {
            Ok(runtime) => {
                runtime.spawn(task);
                Ok(())
            }
            Err(error) => {
                let error = Error::new(Status::GenericFailure, error.to_string());
                Err(AsyncRuntimeRejection::new(task, error))
            }
        }
    }

    fn block_on(&self, future: Pin<&mut dyn Future<Output = ()>>) -> napi::Result<()> {
        let runtime = start().map_err(|error| Error::from_reason(error.to_string()))?;
        runtime.block_on(future);
        Ok(())
    }

    fn shutdown(&self) -> napi::Result<()> {
        let ended = executor().take();
        if let Some(Executor { thread, stop, .. }) = ended {
            drop(stop);
            let _ = thread.join();
        }
        Ok(())
    }
}

#[napi_derive::module_init]
fn register() {
    register_async_runtime(Backend);
}
