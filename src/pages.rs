//! Pages that JavaScript passes in: requests them while the engine has room.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use napi::Status;
use napi::bindgen_prelude::{Buffer, Either, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;
use vinext_seed::GivenPages;
use vinext_seed::pack::{Page, PageError, PageQueue};

/// A page.
#[napi(object, js_name = "NativePage", object_to_js = false)]
pub struct JsPage {
    /// The page as a manifest lists it, in JSON.
    /// @internal
    pub route: String,
    /// The document.
    /// @internal
    pub html: Either<String, Buffer>,
    /// The payload.
    /// @internal
    pub rsc: Option<Either<String, Buffer>>,
}

/// The next pages.
#[napi(object, js_name = "NativePages", object_to_js = false)]
pub struct JsPages {
    /// Some of them.
    /// @internal
    pub pages: Vec<JsPage>,
    /// Whether these were the last.
    /// @internal
    pub is_over: bool,
    /// Why the page after these is invalid.
    /// @internal
    pub invalid: Option<String>,
    /// The value thrown instead of a page.
    /// @internal
    pub failure: Option<String>,
}

/// Requests the next pages; never rejects. `Weak`: it does not keep the process alive; the run's
/// promise does.
pub type NextPages = ThreadsafeFunction<(), Promise<JsPages>, (), Status, false, true>;

/// Pages that are passed in during a run.
pub(crate) struct PageSource {
    pub(crate) next: NextPages,
    pub(crate) build_id: Option<String>,
    pub(crate) trailing_slash: Option<bool>,
}

/// Passes in pages during a run, if there are any.
pub(crate) struct PageFeed(Option<(NextPages, Arc<PageQueue>)>);

impl PageFeed {
    /// The two ends of a queue: for JavaScript, and for the engine.
    pub(crate) fn open(source: Option<PageSource>) -> (Self, Option<GivenPages>) {
        let Some(source) = source else {
            return (Self(None), None);
        };
        let queue = PageQueue::new();
        let given = GivenPages {
            queue: Arc::clone(&queue),
            build_id: source.build_id,
            trailing_slash: source.trailing_slash,
        };
        (Self(Some((source.next, queue))), Some(given))
    }

    /// Runs the engine and passes in pages until either is done.
    pub(crate) async fn during<'a, T>(self, run: impl Future<Output = T> + Send + 'a) -> T {
        // Its type would be too deep for the compiler.
        let mut run: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(run);
        let Some((next, queue)) = self.0 else {
            return run.await;
        };
        tokio::select! {
            outcome = &mut run => outcome,
            () = feed(&next, &queue) => run.await,
        }
    }
}

async fn feed(next: &NextPages, queue: &PageQueue) {
    queue.opened().await;
    let failure = loop {
        let failed = |error: napi::Error| PageError::source_failed(&error.reason);
        let asked = next.call_async(()).await;
        let given = match asked {
            Ok(given) => given.await.map_err(failed),
            Err(error) => Err(failed(error)),
        };
        let given = match given {
            Ok(given) => given,
            Err(failure) => break Some(failure),
        };
        for page in given.pages {
            let rsc = page.rsc.map(bytes);
            if !queue
                .push(Page::new(page.route, bytes(page.html), rsc))
                .await
            {
                return;
            }
        }
        match (given.invalid, given.failure) {
            (Some(problem), _) => break Some(PageError::invalid(&problem)),
            (None, Some(problem)) => break Some(PageError::source_failed(&problem)),
            (None, None) if given.is_over => break None,
            (None, None) => {}
        }
    };
    queue.finish(failure);
}

fn bytes(content: Either<String, Buffer>) -> Vec<u8> {
    match content {
        Either::A(text) => text.into_bytes(),
        Either::B(buffer) => buffer.into(),
    }
}
