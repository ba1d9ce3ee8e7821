//! Compares the defaults with the page that documents them: they are too long to wait for in a
//! test.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use vinext_seed::send::{MAX_RETRY_AFTER, RetryPolicy};
use vinext_seed::store::http::Timeouts;

#[test]
fn the_page_on_reliability_names_the_defaults() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let page = std::fs::read_to_string(page).unwrap();
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let policy = RetryPolicy::default();
    let timeouts = Timeouts::default();
    assert_eq!(MAX_RETRY_AFTER.as_secs(), 10 * 60);
    for promised in [
        "up to ten minutes in total".to_owned(),
        format!(
            "{} times at most and for {} minutes at most",
            policy.attempts,
            policy.total.as_secs() / 60
        ),
        format!(
            "doubles from {} s to {} s",
            policy.initial_delay.as_secs_f64(),
            policy.max_delay.as_secs()
        ),
        format!(
            "{} s to connect, {} s without progress, {} s for the reply, {} s in total",
            timeouts.connect.as_secs(),
            timeouts.idle.as_secs(),
            timeouts.reply.as_secs(),
            timeouts.request.as_secs()
        ),
    ] {
        assert!(page.contains(&promised), "{promised}");
    }
}
