//! Logs the engine's events to standard error, if `VINEXT_SEED_LOG` is set.
//!
//! Invariant: no secret. The engine's events have numbers, codes, and texts that are scrubbed.

use std::str::FromStr;
use std::sync::Once;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;

/// `off`, `error`, `warn`, `info`, `debug` or `trace`.
const VARIABLE: &str = "VINEXT_SEED_LOG";

/// Starts logging if the environment variable is set. Further calls do nothing.
pub(crate) fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        let level = std::env::var(VARIABLE).ok();
        let Some(level) = level.and_then(|level| LevelFilter::from_str(level.trim()).ok()) else {
            return;
        };
        let printed = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_filter(level)
            // The HTTP library's own events are not scrubbed.
            .with_filter(filter_fn(|event| event.target().starts_with("vinext_seed")));
        let subscriber = tracing_subscriber::registry().with(printed);
        // Nothing else in this library sets one.
        let _ = tracing::subscriber::set_global_default(subscriber);
    });
}
